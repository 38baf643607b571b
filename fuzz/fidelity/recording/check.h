// SPDX-License-Identifier: GPL-2.0-or-later
//
// What makes lines a recording: which may follow which.
#ifndef FUZZ_FIDELITY_RECORDING_CHECK_H_
#define FUZZ_FIDELITY_RECORDING_CHECK_H_

#include <string_view>

#include "absl/status/status.h"
#include "fuzz/fidelity/recording/recording.h"

namespace hotplug::recording {

// MACHINE and what it says, the sections, scenarios, requests and their results, the end.
absl::Status CheckLines(const File& file, std::string_view filename);

}  // namespace hotplug::recording

#endif  // FUZZ_FIDELITY_RECORDING_CHECK_H_
