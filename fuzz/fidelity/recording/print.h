// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef FUZZ_FIDELITY_RECORDING_PRINT_H_
#define FUZZ_FIDELITY_RECORDING_PRINT_H_

#include <optional>
#include <string>

#include "fuzz/fidelity/recording/recording.h"

namespace hotplug::recording {

// Print(line), if its fields are those of a form of its kind.
std::optional<std::string> PrintIfFits(const Line& line);

}  // namespace hotplug::recording

#endif  // FUZZ_FIDELITY_RECORDING_PRINT_H_
