// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files: what they can do, and those of debugfs.
#ifndef HOTPLUG_FS_H_
#define HOTPLUG_FS_H_

#include <hotplug/types.h>

#define arch_debugfs_dir ((struct dentry*)0)
#define powerpc_debugfs_root arch_debugfs_dir

#define debugfs_create_dir(name, parent) \
  hotplug_kernel->create_dir(HOTPLUG_AT("debugfs_create_dir"), name, parent)
#define HOTPLUG_DEBUGFS_FILE(call, name, parent, data, fops, unsafe) \
  hotplug_kernel->create_file(HOTPLUG_AT(call), name, parent, data, fops, unsafe)
#define debugfs_create_file(name, mode, parent, data, fops) \
  HOTPLUG_DEBUGFS_FILE("debugfs_create_file", name, parent, data, fops, 0)
#define debugfs_create_file_unsafe(name, mode, parent, data, fops) \
  HOTPLUG_DEBUGFS_FILE("debugfs_create_file_unsafe", name, parent, data, fops, 1)
// Files with a variable of the driver: user space does not write to them here.
#define HOTPLUG_DEBUGFS_VALUE(call, type, name, parent, value)           \
  ({                                                                     \
    type* value_ = (value);                                              \
    (void)HOTPLUG_DEBUGFS_FILE(call, name, parent, value_, (void*)0, 0); \
  })
#define debugfs_create_u8(name, mode, parent, value) \
  HOTPLUG_DEBUGFS_VALUE("debugfs_create_u8", u8, name, parent, value)
#define debugfs_create_u32(name, mode, parent, value) \
  HOTPLUG_DEBUGFS_VALUE("debugfs_create_u32", u32, name, parent, value)
#define debugfs_create_u64(name, mode, parent, value) \
  HOTPLUG_DEBUGFS_VALUE("debugfs_create_u64", u64, name, parent, value)
#define debugfs_create_x32(name, mode, parent, value) \
  HOTPLUG_DEBUGFS_VALUE("debugfs_create_x32", u32, name, parent, value)
#define debugfs_create_x64(name, mode, parent, value) \
  HOTPLUG_DEBUGFS_VALUE("debugfs_create_x64", u64, name, parent, value)
#define debugfs_create_bool(name, mode, parent, value) \
  HOTPLUG_DEBUGFS_VALUE("debugfs_create_bool", bool, name, parent, value)
#define debugfs_remove_recursive(dentry) \
  hotplug_kernel->remove_dentry(HOTPLUG_AT("debugfs_remove_recursive"), dentry)
#define debugfs_remove(dentry) hotplug_kernel->remove_dentry(HOTPLUG_AT("debugfs_remove"), dentry)

// The two types of u64 are the same; a driver's functions have the kernel's.
#define DEFINE_SIMPLE_ATTRIBUTE(fops, get, set, format) \
  static const struct file_operations fops = {          \
      .hotplug_get = (int (*)(void*, uint64_t*))(get),  \
      .hotplug_set = (int (*)(void*, uint64_t))(set),   \
  }
#define DEFINE_DEBUGFS_ATTRIBUTE DEFINE_SIMPLE_ATTRIBUTE

static inline int simple_open(struct inode* inode, struct file* file) {
  file->private_data = inode->i_private;
  return 0;
}
static inline loff_t default_llseek(struct file* file, loff_t offset, int whence) {
  (void)whence;
  return file->f_pos = offset;
}
#define noop_llseek default_llseek
#define generic_file_llseek default_llseek

// What user space gets is looked at where it lies; it is copied nowhere.
#define copy_to_user(to, from, n) \
  ((void)(to), hotplug_kernel->copy_out(HOTPLUG_AT("copy_to_user"), from, n))
static inline unsigned long copy_from_user(void* to, const void* from, unsigned long n) {
  memcpy(to, from, n);
  return 0;
}
static inline ssize_t simple_read_from_buffer(const struct hotplug_site* at, size_t count,
                                              loff_t* pos, const void* from, size_t available) {
  if (*pos < 0) return -EINVAL;
  if ((size_t)*pos >= available || count == 0) return 0;
  count = min(count, available - (size_t)*pos);
  const size_t left = hotplug_kernel->copy_out(at, (const char*)from + *pos, count);
  if (left == count) return -EFAULT;
  *pos += (loff_t)(count - left);
  return (ssize_t)(count - left);
}
#define simple_read_from_buffer(to, count, pos, from, available) \
  ((void)(to),                                                   \
   simple_read_from_buffer(HOTPLUG_AT("simple_read_from_buffer"), count, pos, from, available))

// ---- Mappings of user space ----

#define __pgprot(x) ((pgprot_t){(x)})
#define PAGE_KERNEL __pgprot(0)
#define pgprot_noncached(prot) (prot)
#define vma_pages(vma) (((vma)->vm_end - (vma)->vm_start) >> PAGE_SHIFT)
#define remap_pfn_range(vma, start, pfn, size, prot) \
  ((void)(vma), (void)(start), (void)(prot),         \
   hotplug_kernel->remap(HOTPLUG_AT("remap_pfn_range"), pfn, size))

#endif  // HOTPLUG_FS_H_
