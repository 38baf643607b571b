// SPDX-License-Identifier: GPL-2.0-or-later
//
// How a driver says what it is and where it begins.
#ifndef HOTPLUG_MODULE_H_
#define HOTPLUG_MODULE_H_

#include <hotplug/types.h>

// One of a table that the linker makes, in the order of the file.
#ifdef __clang__
#define HOTPLUG_ROW(table) __attribute__((section(table), used, aligned(8)))
#else
#define HOTPLUG_ROW(table) __attribute__((section(table), used, aligned(8), no_reorder))
#endif

// Called when the machine boots.
#define HOTPLUG_INITCALL(fn) \
  static int (*const hotplug_initcall_##fn)(void) HOTPLUG_ROW("hotplug_initcalls") = (fn)
#define module_init(fn) HOTPLUG_INITCALL(fn)
#define core_initcall(fn) HOTPLUG_INITCALL(fn)
#define arch_initcall(fn) HOTPLUG_INITCALL(fn)
#define subsys_initcall(fn) HOTPLUG_INITCALL(fn)
#define fs_initcall(fn) HOTPLUG_INITCALL(fn)
#define device_initcall(fn) HOTPLUG_INITCALL(fn)
#define late_initcall(fn) HOTPLUG_INITCALL(fn)
// powerpc's, for one platform.
#define machine_device_initcall(machine, fn) HOTPLUG_INITCALL(fn)
#define machine_arch_initcall(machine, fn) HOTPLUG_INITCALL(fn)
#define machine_subsys_initcall(machine, fn) HOTPLUG_INITCALL(fn)
// Modules stay loaded.
#define module_exit(fn) static void (*const hotplug_exit_##fn)(void) __attribute__((unused)) = (fn)

struct module;
#define THIS_MODULE ((struct module*)0)
#define MODULE_LICENSE(text) struct module
#define MODULE_AUTHOR(text) struct module
#define MODULE_DESCRIPTION(text) struct module
#define MODULE_ALIAS(text) struct module
#define MODULE_VERSION(text) struct module
#define MODULE_PARM_DESC(name, text) struct module
// A parameter has the value that the file gives it, unless --param= says another one. Nobody
// changes it later.
#define module_param(name, type, mode) HOTPLUG_PARAM(name, name, #type)
#define module_param_named(name, variable, type, mode) HOTPLUG_PARAM(name, variable, #type)
#define HOTPLUG_PARAM(name, variable, type)                                                \
  static const struct hotplug_param hotplug_param_##name HOTPLUG_ROW("hotplug_params") = { \
      #name, type, &(variable)}
#define EXPORT_SYMBOL(name) struct module
#define EXPORT_SYMBOL_GPL(name) struct module

#define IS_ENABLED(option) 0

#endif  // HOTPLUG_MODULE_H_
