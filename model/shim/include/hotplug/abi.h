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
  const char* init_name;
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
struct page;

// ---- Work, timers, waiting ----

struct work_struct {
  void (*func)(struct work_struct* work);
};

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
struct hrtimer {
  enum hrtimer_restart (*function)(struct hrtimer* timer);
};

// Who waits: a bit for each task.
struct wait_queue_head {
  unsigned int waiting;
};

// ---- A virtio device ----

struct virtio_device;
struct virtqueue {
  void (*callback)(struct virtqueue* vq);
  struct virtio_device* vdev;
};

struct virtio_config_ops {
  void (*get)(struct virtio_device* vdev, unsigned int offset, void* to, unsigned int size);
  void (*del_vqs)(struct virtio_device* vdev);
};

struct virtio_device {
  struct device dev;
  const struct virtio_config_ops* config;
  void* priv;
};

struct virtio_device_id {
  unsigned int device;
  unsigned int vendor;
};

struct device_driver {
  const char* name;
  void* owner;
};

struct virtio_driver {
  struct device_driver driver;
  const struct virtio_device_id* id_table;
  const unsigned int* feature_table;
  unsigned int feature_table_size;
  int (*probe)(struct virtio_device* vdev);
  void (*remove)(struct virtio_device* vdev);
  void (*config_changed)(struct virtio_device* vdev);
  int (*freeze)(struct virtio_device* vdev);
  int (*restore)(struct virtio_device* vdev);
};

// virtio-mem, as the specification of virtio has it; all fields are little endian.
struct virtio_mem_config {
  uint64_t block_size;
  uint16_t node_id;
  uint8_t padding[6];
  uint64_t addr;
  uint64_t region_size;
  uint64_t usable_region_size;
  uint64_t plugged_size;
  uint64_t requested_size;
};

struct virtio_mem_range {
  uint64_t addr;
  uint16_t nb_blocks;
  uint16_t padding[3];
};
struct virtio_mem_req {
  uint16_t type;
  uint16_t padding[3];
  union {
    struct virtio_mem_range plug, unplug, state;
  } u;
};
struct virtio_mem_resp {
  uint16_t type;
  uint16_t padding[3];
  union {
    struct {
      uint16_t state;
    } state;
  } u;
};

enum {
  VIRTIO_MEM_REQ_PLUG,
  VIRTIO_MEM_REQ_UNPLUG,
  VIRTIO_MEM_REQ_UNPLUG_ALL,
  VIRTIO_MEM_REQ_STATE
};
enum { VIRTIO_MEM_RESP_ACK, VIRTIO_MEM_RESP_NACK, VIRTIO_MEM_RESP_BUSY, VIRTIO_MEM_RESP_ERROR };
enum { VIRTIO_MEM_STATE_PLUGGED, VIRTIO_MEM_STATE_UNPLUGGED, VIRTIO_MEM_STATE_MIXED };
enum { VIRTIO_ID_MEM = 24 };

// ---- What the simulator does for a driver --------------------------------------------------

enum { HOTPLUG_ZERO = 1, HOTPLUG_ATOMIC = 2, HOTPLUG_PAGES = 4 };  // flags of kmalloc; of vmalloc
enum { HOTPLUG_SLEEPS = 0, HOTPLUG_SPINS = 1 };                    // kinds of locks

enum hotplug_page_op {
  HOTPLUG_SET_OFFLINE,
  HOTPLUG_CLEAR_OFFLINE,
  HOTPLUG_REF_INC,
  HOTPLUG_REF_DEC,
  HOTPLUG_REF_FREEZE,    // arg: the count; 0 or 1
  HOTPLUG_REF_UNFREEZE,  // arg: the count
  HOTPLUG_GET,           // unless zero; 0 or 1
  HOTPLUG_PUT,
  HOTPLUG_SET_DIRTY,
  HOTPLUG_CLEAR_DIRTY,
  HOTPLUG_CLEAR_RESERVED,
  HOTPLUG_ONLINE,          // generic_online_page(); arg: the order
  HOTPLUG_ADJUST_MANAGED,  // arg: pages more, or less
  HOTPLUG_CLEAR,
  // Of these there is no step.
  HOTPLUG_IS_OFFLINE,
  HOTPLUG_IS_DIRTY,
  HOTPLUG_COUNT,
  HOTPLUG_NID,
  HOTPLUG_ZONE,
  HOTPLUG_IS_ONLINE,  // pfn_to_online_page() has it
};

enum hotplug_memory_op {
  HOTPLUG_ADD,             // nid, start, size, flags
  HOTPLUG_ADD_LOCKED,      // the same under device_hotplug_lock
  HOTPLUG_REMOVE,          // start, size
  HOTPLUG_REMOVE_LOCKED,   // the same under device_hotplug_lock
  HOTPLUG_OFFLINE_REMOVE,  // start, size
  HOTPLUG_REQUEST_REGION,  // start, size: 1 if it is the driver's now
  HOTPLUG_RELEASE_REGION,  // start, size
  HOTPLUG_CREATE_MAPPING,  // start, size
  HOTPLUG_REMOVE_MAPPING,  // start, size
  HOTPLUG_HAS_MEMORY,      // start, size: whether a block of it is there
  HOTPLUG_OFFLINE_PAGES,   // the first pfn, pages
  HOTPLUG_DEVICE_ONLINE,   // of a block
  HOTPLUG_DEVICE_OFFLINE,  // of a block
  HOTPLUG_LOCK_HOTPLUG,
  HOTPLUG_UNLOCK_HOTPLUG,
};

enum hotplug_node_fact { HOTPLUG_NODE_ONLINE, HOTPLUG_START_PFN, HOTPLUG_END_PFN };

enum hotplug_rcu_op { HOTPLUG_RCU_LOCK, HOTPLUG_RCU_UNLOCK, HOTPLUG_RCU_SYNCHRONIZE };

#define HOTPLUG_AT const struct hotplug_site* at

struct hotplug_kernel {
  unsigned int page_shift;   // of the machine of this run
  unsigned int block_shift;  // of a memory block, which is a section
  unsigned int pageblock_order;
  unsigned int max_order;  // of a chunk of free pages, inclusive
  int (*memhp_auto_online)(void);

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
  int (*contig_range)(HOTPLUG_AT, unsigned long start, unsigned long end);
  void (*contig_free)(HOTPLUG_AT, unsigned long pfn, unsigned long nr);
  int (*online_page_callback)(HOTPLUG_AT, void (*callback)(struct page*, unsigned int), int sets);
  // The node that memory at an address is on, or comes to.
  int (*node_of)(uint64_t start);
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

  int (*queue_work)(HOTPLUG_AT, struct work_struct* work);
  int (*cancel_work)(HOTPLUG_AT, struct work_struct* work);
  // Ends at once, and says whether it was running, without nanoseconds (-1).
  int (*timer)(HOTPLUG_AT, struct hrtimer* timer, long long nanoseconds);
  void (*wait)(HOTPLUG_AT, struct wait_queue_head* queue);
  void (*wake)(HOTPLUG_AT, struct wait_queue_head* queue);
  void (*rcu)(HOTPLUG_AT, enum hotplug_rcu_op op);
  void (*lockdep)(int on);

  int (*virtio_register)(HOTPLUG_AT, const struct virtio_driver* driver);
  struct virtqueue* (*virtqueue_find)(HOTPLUG_AT, struct virtio_device* vdev,
                                      void (*callback)(struct virtqueue*));
  int (*virtqueue_add)(HOTPLUG_AT, struct virtqueue* vq, const void* out, void* in, void* data);
  void (*virtqueue_kick)(HOTPLUG_AT, struct virtqueue* vq);
  void* (*virtqueue_get)(HOTPLUG_AT, struct virtqueue* vq);

  void (*bug)(HOTPLUG_AT, const char* condition);  // does not return
  void (*warn)(HOTPLUG_AT, const char* condition);

  // What the compiler tells: an access to memory, made behind this call, and a basic block.
  void (*access)(uintptr_t address, size_t size, int write, uintptr_t pc);
  void (*block)(uintptr_t pc);
};

#undef HOTPLUG_AT

// ---- What a driver is to the simulator -----------------------------------------------------

struct hotplug_param {
  const char* name;
  const char* type;  // as module_param() has it
  void* value;
};

struct hotplug_module {
  struct hotplug_kernel* kernel;  // to be filled in before anything else is called
  int (**initcalls)(void);
  size_t nr_initcalls;
  size_t nr_virtio_drivers;
  const struct hotplug_site* sites;
  size_t nr_sites;
  const struct hotplug_param* params;
  size_t nr_params;
  const char* values;  // of parameters, "NAME=VALUE,...", as the file was compiled
};

// The one function that a driver exports, under this name: fills in what it is.
typedef void (*hotplug_module_fn)(struct hotplug_module* m);
#define HOTPLUG_MODULE_SYMBOL "hotplug_module"

#ifdef __cplusplus
}
#endif

#endif  // HOTPLUG_ABI_H_
