// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the kernel logs, in its own words.
#ifndef FUZZ_FIDELITY_REPLAY_MESSAGES_H_
#define FUZZ_FIDELITY_REPLAY_MESSAGES_H_

#include <string>
#include <vector>

#include "fuzz/fidelity/replay/machine.h"
#include "model/sim/trace.h"

namespace hotplug::replay {

// The messages of a record; none of most. `#` stands for a number that is noise.
std::vector<std::string> KernelMessages(const sim::Record& record, const Machine& machine);

// The message about a block that could not be isolated.
std::string OfflineFailedToIsolate(mm::BlockId block);

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_MESSAGES_H_
