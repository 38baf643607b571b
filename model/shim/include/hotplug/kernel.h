// SPDX-License-Identifier: GPL-2.0-or-later
//
// The vocabulary of the kernel. Every header that a driver includes becomes a file of one line
// that includes this one: the kernel's own graph of headers is not mirrored.
#ifndef HOTPLUG_KERNEL_H_
#define HOTPLUG_KERNEL_H_

#include <hotplug/fs.h>
#include <hotplug/locks.h>
#include <hotplug/memory.h>
#include <hotplug/module.h>
#include <hotplug/printk.h>
#include <hotplug/slab.h>
#include <hotplug/types.h>
#include <hotplug/virtio.h>
#include <hotplug/work.h>

#endif  // HOTPLUG_KERNEL_H_
