// SPDX-License-Identifier: GPL-2.0-or-later
//
// Devices, and virtio's. One virtio-mem device is there; it is found by the driver's id table.
#ifndef HOTPLUG_VIRTIO_H_
#define HOTPLUG_VIRTIO_H_

#include <hotplug/module.h>
#include <hotplug/printk.h>
#include <hotplug/types.h>

#define dev_name(device) ((device)->init_name)
#define dev_printk(level, device, format, ...) \
  printk(level "%s %s: " format, KBUILD_MODNAME, dev_name(device), ##__VA_ARGS__)
#define dev_err(device, ...) dev_printk(KERN_ERR, device, __VA_ARGS__)
#define dev_warn(device, ...) dev_printk(KERN_WARNING, device, __VA_ARGS__)
#define dev_info(device, ...) dev_printk(KERN_INFO, device, __VA_ARGS__)
// Compiled, not printed.
#define dev_dbg(device, ...)                            \
  do {                                                  \
    if (0) dev_printk(KERN_DEBUG, device, __VA_ARGS__); \
  } while (0)
#define dev_warn_once dev_warn
#define dev_warn_ratelimited dev_warn

typedef __u16 __virtio16;
typedef __u64 __virtio64;
#define cpu_to_virtio16(vdev, v) ((void)(vdev), (__virtio16)(v))
#define cpu_to_virtio64(vdev, v) ((void)(vdev), (__virtio64)(v))
#define virtio16_to_cpu(vdev, v) ((void)(vdev), (u16)(v))
#define virtio64_to_cpu(vdev, v) ((void)(vdev), (u64)(v))

#define VIRTIO_DEV_ANY_ID 0xffffffffu
#define VIRTIO_MEM_F_ACPI_PXM 0
#define VIRTIO_MEM_F_UNPLUGGED_INACCESSIBLE 1
#define virtio_has_feature(vdev, feature) ((void)(vdev), (feature) != VIRTIO_MEM_F_ACPI_PXM)
#define virtio_device_ready(vdev) ((void)(vdev))
#define virtio_reset_device(vdev) ((void)(vdev))
#define virtio_cread_le(vdev, structure, field, to)                                           \
  do {                                                                                        \
    structure read_;                                                                          \
    (vdev)->config->get(vdev, offsetof(structure, field), &read_.field, sizeof(read_.field)); \
    *(to) = read_.field;                                                                      \
  } while (0)

struct scatterlist {
  void* address;
};
#define sg_init_one(sg, buffer, length) ((void)(length), (sg)->address = (void*)(buffer))
#define virtio_find_single_vq(vdev, callback, name) \
  hotplug_kernel->virtqueue_find(HOTPLUG_AT("virtio_find_single_vq"), vdev, callback)
// One buffer that goes out, and one that comes in.
#define virtqueue_add_sgs(vq, sgs, outs, ins, data, flags)                           \
  ((void)(flags), hotplug_kernel->virtqueue_add(HOTPLUG_AT("virtqueue_add_sgs"), vq, \
                                                (sgs)[0]->address, (sgs)[1]->address, data))
#define virtqueue_kick(vq) hotplug_kernel->virtqueue_kick(HOTPLUG_AT("virtqueue_kick"), vq)
#define virtqueue_get_buf(vq, length) \
  (*(length) = 0, hotplug_kernel->virtqueue_get(HOTPLUG_AT("virtqueue_get_buf"), vq))

#define module_virtio_driver(drv)                                                         \
  static const struct virtio_driver* const hotplug_virtio_##drv                           \
      __attribute__((section("hotplug_virtio"), used)) = &(drv);                          \
  static int hotplug_init_##drv(void) {                                                   \
    return hotplug_kernel->virtio_register(HOTPLUG_AT("register_virtio_driver"), &(drv)); \
  }                                                                                       \
  module_init(hotplug_init_##drv)
#define MODULE_DEVICE_TABLE(bus, table) struct module

static inline bool is_kdump_kernel(void) { return false; }

#endif  // HOTPLUG_VIRTIO_H_
