// SPDX-License-Identifier: GPL-2.0-or-later
//
// A scenario's run, written down as a recording (fuzz/fidelity/recording) that conform replays.
//
// Recordings know writes to the files of memory blocks, signals, and notifiers with one answer
// rule each. What else a scenario may contain has no words in them, and such a scenario is
// refused. Each write is a process of its own: p1, p2, ... in the order in which they begin.
#ifndef FUZZ_FIDELITY_RECORD_RECORD_H_
#define FUZZ_FIDELITY_RECORD_RECORD_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fuzz/fidelity/recording/recording.h"
#include "model/run/run.h"
#include "model/scenario/scenario.h"

namespace hotplug::record {

// OK, or the first thing in the scenario that recordings have no words for.
absl::Status Check(const scenario::Scenario& s);

// The scenario without what Check() refuses: operations, answers and faults are left out, and
// a block whose node recordings could not tell is online at the start.
scenario::Scenario Recordable(const scenario::Scenario& s);
// Whether an operation writes to a file of a memory block, which is what processes of recordings
// do.
bool IsWrite(const scenario::Op& op);
// Whether it writes to any file, so that there is something to record.
bool Writes(const scenario::Scenario& s);

// Runs the scenario, as run::Run() does, and writes down what happens. A run that does not come
// to its end gives a recording that is incomplete, as one of a kernel that has died. `name` is that
// of the recording, a word of ASCII characters.
absl::StatusOr<recording::File> Record(const scenario::Scenario& s, std::string_view name,
                                       run::RunOptions options, run::Outcome* out);

}  // namespace hotplug::record

#endif  // FUZZ_FIDELITY_RECORD_RECORD_H_
