// SPDX-License-Identifier: GPL-2.0-or-later
//
// What readers of texts share.
#ifndef FUZZ_FIDELITY_RECORDING_TEXTS_H_
#define FUZZ_FIDELITY_RECORDING_TEXTS_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace hotplug::recording {

// The positive number of "EBUSY".
std::optional<int64_t> ErrnoOf(std::string_view name);

// [A-Za-z0-9_]
bool IsWordChar(char c);

// Whether the whole text is a number, of digits with or without a minus sign.
bool ToNumber(std::string_view text, int base, int64_t* number);

}  // namespace hotplug::recording

#endif  // FUZZ_FIDELITY_RECORDING_TEXTS_H_
