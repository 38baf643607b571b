// SPDX-License-Identifier: GPL-2.0-or-later
//
// True in a build with AddressSanitizer, where tests that replay whole recordings take a sample.
#ifndef REGRESS_UNIT_CHECKED_H_
#define REGRESS_UNIT_CHECKED_H_

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

}  // namespace hotplug::testing

#endif  // REGRESS_UNIT_CHECKED_H_
