// SPDX-License-Identifier: GPL-2.0-or-later
//
// printk, BUG and WARN.
#ifndef HOTPLUG_PRINTK_H_
#define HOTPLUG_PRINTK_H_

#include <hotplug/types.h>

void hotplug_printk(const struct hotplug_site* at, const char* format, ...) __printf(2, 3);

// A level is a character behind this one, at the head of a format.
#define KERN_SOH "\001"
#define KERN_EMERG KERN_SOH "0"
#define KERN_ALERT KERN_SOH "1"
#define KERN_CRIT KERN_SOH "2"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"

#ifndef pr_fmt
#define pr_fmt(format) format
#endif
#define printk(...) hotplug_printk(HOTPLUG_AT("printk"), __VA_ARGS__)
#define pr_emerg(format, ...) printk(KERN_EMERG pr_fmt(format), ##__VA_ARGS__)
#define pr_alert(format, ...) printk(KERN_ALERT pr_fmt(format), ##__VA_ARGS__)
#define pr_crit(format, ...) printk(KERN_CRIT pr_fmt(format), ##__VA_ARGS__)
#define pr_err(format, ...) printk(KERN_ERR pr_fmt(format), ##__VA_ARGS__)
#define pr_warn(format, ...) printk(KERN_WARNING pr_fmt(format), ##__VA_ARGS__)
#define pr_notice(format, ...) printk(KERN_NOTICE pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...) printk(KERN_INFO pr_fmt(format), ##__VA_ARGS__)
// Compiled, not printed.
#define pr_debug(format, ...)                                \
  do {                                                       \
    if (0) printk(KERN_DEBUG pr_fmt(format), ##__VA_ARGS__); \
  } while (0)
#define pr_err_ratelimited pr_err
#define pr_warn_ratelimited pr_warn
#define pr_info_ratelimited pr_info

#define HOTPLUG_BUG(call, condition)                  \
  do {                                                \
    hotplug_kernel->bug(HOTPLUG_AT(call), condition); \
    __builtin_unreachable();                          \
  } while (0)
#define BUG() HOTPLUG_BUG("BUG", "")
#define BUG_ON(condition)                                       \
  do {                                                          \
    if (unlikely(condition)) HOTPLUG_BUG("BUG_ON", #condition); \
  } while (0)
#define WARN_ON(condition)                                                        \
  ({                                                                              \
    const int warn_ = !!(condition);                                              \
    if (unlikely(warn_)) hotplug_kernel->warn(HOTPLUG_AT("WARN_ON"), #condition); \
    unlikely(warn_);                                                              \
  })
#define WARN_ON_ONCE(condition)      \
  ({                                 \
    static bool warned_;             \
    const int once_ = !!(condition); \
    if (once_ && !warned_) {         \
      warned_ = true;                \
      WARN_ON(1);                    \
    }                                \
    unlikely(once_);                 \
  })
#define WARN(condition, ...)            \
  ({                                    \
    const int warn_if_ = !!(condition); \
    if (unlikely(warn_if_)) {           \
      printk(__VA_ARGS__);              \
      WARN_ON(1);                       \
    }                                   \
    unlikely(warn_if_);                 \
  })
#define VM_BUG_ON BUG_ON

#endif  // HOTPLUG_PRINTK_H_
