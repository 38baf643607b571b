// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tests that take long take a sample in a build with AddressSanitizer, where all takes four times
// as long: what they find there, the other builds find as well.
#ifndef REGRESS_UNIT_CHECKED_H_
#define REGRESS_UNIT_CHECKED_H_

#include <cstddef>

namespace hotplug::testing {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kChecked = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kChecked = true;
#else
inline constexpr bool kChecked = false;
#endif
#else
inline constexpr bool kChecked = false;
#endif

// From one row that is tried to the next, in a table that takes long.
inline constexpr size_t kNextRow = kChecked ? 4 : 1;

}  // namespace hotplug::testing

#endif  // REGRESS_UNIT_CHECKED_H_
