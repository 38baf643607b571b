// SPDX-License-Identifier: GPL-2.0-or-later
//
// HOTPLUG_ASAN: whether this is built with AddressSanitizer, by either compiler's sign.
// HOTPLUG_NO_ASAN: of a function that it leaves alone. One that never returns, on a stack that it
// does not know, would have it warn.
#ifndef MODEL_SIM_ASAN_H_
#define MODEL_SIM_ASAN_H_

#if defined(__SANITIZE_ADDRESS__)
#define HOTPLUG_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOTPLUG_ASAN 1
#endif
#endif

#ifdef HOTPLUG_ASAN
#define HOTPLUG_NO_ASAN __attribute__((no_sanitize("address")))
#else
#define HOTPLUG_NO_ASAN
#endif

#endif  // MODEL_SIM_ASAN_H_
