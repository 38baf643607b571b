// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a driver's .c file and the simulator know of each other: plain C, read by both. The
// vocabulary of the kernel (the other headers of this folder) stands on the driver's side of it.
//
// A driver becomes a shared object that refers to nothing outside of itself. It exports one
// function, `hotplug_module`, and reaches the simulator through a table that it is given.
#ifndef HOTPLUG_ABI_H_
#define HOTPLUG_ABI_H_

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A call of the kernel in the driver's source. All of them lie in one section, side by side.
struct hotplug_site {
  const char* file;
  const char* function;
  const char* name;  // of what is called
  unsigned long line;
} __attribute__((aligned(32)));

// ---- Objects of the kernel whose fields drivers know ---------------------------------------

struct notifier_block {
  int (*notifier_call)(struct notifier_block* nb, unsigned long action, void* data);
  struct notifier_block* next;
  int priority;
};

struct memory_notify {
  unsigned long start_pfn;
  unsigned long nr_pages;
  int status_change_nid_normal;
  int status_change_nid_high;
  int status_change_nid;
};

struct device {
  void* driver_data;
  unsigned long hotplug_block;  // number of the memory block that it is
};

struct memory_block {
  unsigned long start_section_nr;
  unsigned long state;
  int online_type;
  int nid;
  struct device dev;
};

struct inode {
  void* i_private;
};

struct file {
  void* private_data;
  long long f_pos;
  unsigned int f_flags, f_mode;
};

typedef struct {
  unsigned long pgprot;
} pgprot_t;

struct vm_area_struct {
  unsigned long vm_start, vm_end, vm_pgoff, vm_flags;
  pgprot_t vm_page_prot;
};

struct poll_table_struct;
struct file_operations {
  void* owner;
  long long (*llseek)(struct file*, long long, int);
  long (*read)(struct file*, char*, size_t, long long*);
  long (*write)(struct file*, const char*, size_t, long long*);
  unsigned int (*poll)(struct file*, struct poll_table_struct*);
  long (*unlocked_ioctl)(struct file*, unsigned int, unsigned long);
  long (*compat_ioctl)(struct file*, unsigned int, unsigned long);
  int (*mmap)(struct file*, struct vm_area_struct*);
  int (*open)(struct inode*, struct file*);
  int (*release)(struct inode*, struct file*);
  // Of DEFINE_SIMPLE_ATTRIBUTE.
  int (*hotplug_get)(void* data, uint64_t* value);
  int (*hotplug_set)(void* data, uint64_t value);
};

// A mutex or a spinlock: which of the simulator's it is, or 0 before it is first taken.
struct hotplug_lock {
  unsigned int number;
};

struct dentry;

// ---- What the simulator does for a driver --------------------------------------------------

enum { HOTPLUG_ZERO = 1, HOTPLUG_ATOMIC = 2 };   // flags of kmalloc
enum { HOTPLUG_SLEEPS = 0, HOTPLUG_SPINS = 1 };  // kinds of locks

enum hotplug_page_op {
  HOTPLUG_SET_OFFLINE,
  HOTPLUG_CLEAR_OFFLINE,
  HOTPLUG_REF_INC,
  HOTPLUG_REF_DEC,
  HOTPLUG_REF_FREEZE,    // arg: the count; 0 or 1
  HOTPLUG_REF_UNFREEZE,  // arg: the count
  HOTPLUG_GET,           // unless zero; 0 or 1
  HOTPLUG_PUT,
  HOTPLUG_CLEAR,
  // Of these there is no step.
  HOTPLUG_IS_OFFLINE,
  HOTPLUG_COUNT,
  HOTPLUG_NID,
  HOTPLUG_IS_ONLINE,  // pfn_to_online_page() has it
};

enum hotplug_memory_op {
  HOTPLUG_ADD,             // nid, start, size, flags
  HOTPLUG_ADD_LOCKED,      // the same under device_hotplug_lock
  HOTPLUG_REMOVE,          // start, size
  HOTPLUG_REMOVE_LOCKED,   // the same under device_hotplug_lock
  HOTPLUG_OFFLINE_REMOVE,  // start, size
  HOTPLUG_CREATE_MAPPING,  // start, size
  HOTPLUG_REMOVE_MAPPING,  // start, size
  HOTPLUG_DEVICE_ONLINE,   // of a block
  HOTPLUG_DEVICE_OFFLINE,  // of a block
  HOTPLUG_LOCK_HOTPLUG,
  HOTPLUG_UNLOCK_HOTPLUG,
};

enum hotplug_node_fact { HOTPLUG_ONLINE, HOTPLUG_START_PFN, HOTPLUG_END_PFN };

#define HOTPLUG_AT const struct hotplug_site* at

struct hotplug_kernel {
  unsigned int page_shift;   // of the machine of this run
  unsigned int block_shift;  // of a memory block, which is a section
  int memhp_auto_online;

  void* (*alloc)(HOTPLUG_AT, size_t n, size_t size, unsigned int flags);
  void (*free)(HOTPLUG_AT, const void* object);
  void (*log)(HOTPLUG_AT, const char* format, va_list args);
  int (*format)(char* to, size_t size, const char* format, va_list args, uintptr_t pc);

  void (*lock)(HOTPLUG_AT, struct hotplug_lock* lock, int kind);
  int (*trylock)(HOTPLUG_AT, struct hotplug_lock* lock, int kind);
  void (*unlock)(HOTPLUG_AT, struct hotplug_lock* lock, int kind);
  int (*is_locked)(const struct hotplug_lock* lock);
  void (*resched)(HOTPLUG_AT);
  void (*sleep)(HOTPLUG_AT, unsigned int milliseconds);
  int (*pending)(int fatal);

  int (*notifier)(HOTPLUG_AT, struct notifier_block* nb, int registers);
  long (*page)(HOTPLUG_AT, enum hotplug_page_op op, unsigned long pfn, int arg);
  // The first pfn, or -1.
  long (*contig_alloc)(HOTPLUG_AT, unsigned long nr, int nid);
  void (*contig_free)(HOTPLUG_AT, unsigned long pfn, unsigned long nr);
  int (*memory)(HOTPLUG_AT, enum hotplug_memory_op op, int nid, uint64_t start, uint64_t size);
  int (*walk)(HOTPLUG_AT, uint64_t start, uint64_t size, void* arg,
              int (*func)(struct memory_block*, void*));
  unsigned long (*node)(unsigned int nid, enum hotplug_node_fact fact);

  void* (*map)(HOTPLUG_AT, uint64_t start, size_t size);
  void (*unmap)(HOTPLUG_AT, void* mapping);
  struct dentry* (*create_dir)(HOTPLUG_AT, const char* name, struct dentry* parent);
  struct dentry* (*create_file)(HOTPLUG_AT, const char* name, struct dentry* parent, void* data,
                                const struct file_operations* fops, int unsafe);
  void (*remove_dentry)(HOTPLUG_AT, struct dentry* dentry);
  // How many bytes could not be copied.
  size_t (*copy_out)(HOTPLUG_AT, const void* from, size_t n);
  int (*remap)(HOTPLUG_AT, unsigned long pfn, unsigned long size);

  void (*bug)(HOTPLUG_AT, const char* condition);  // does not return
  void (*warn)(HOTPLUG_AT, const char* condition);

  // What the compiler tells: an access to memory, made behind this call, and a basic block.
  void (*access)(uintptr_t address, size_t size, int write, uintptr_t pc);
  void (*block)(uintptr_t pc);
};

#undef HOTPLUG_AT

// ---- What a driver is to the simulator -----------------------------------------------------

struct hotplug_module {
  struct hotplug_kernel* kernel;  // to be filled in before anything else is called
  int (**initcalls)(void);
  size_t nr_initcalls;
  const struct hotplug_site* sites;
  size_t nr_sites;
};

// The one function that a driver exports, under this name: fills in what it is.
typedef void (*hotplug_module_fn)(struct hotplug_module* m);
#define HOTPLUG_MODULE_SYMBOL "hotplug_module"

#ifdef __cplusplus
}
#endif

#endif  // HOTPLUG_ABI_H_
