// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a world and its host know of each other: plain C, read by both. A world is the kernel side:
// files of a kernel tree and the glue (glue/), linked at fixed addresses, without libc. Its host is
// the simulator, which maps it into its own process.
//
// Kernel code reaches the host through `world_host` alone, the host a world through
// `world_exports` alone. Structs, constants and flags of the kernel stay on its side: what crosses
// has a name, or one of the numbers below.
#ifndef MODEL_TREE_ABI_H_
#define MODEL_TREE_ABI_H_

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define WORLD_MAGIC 0x31646c726f777068ull  // "hpworld1"
#define WORLD_ABI 1

// Room at the beginning of each function, for a call.
#define WORLD_ENTRY_BYTES 5

// Where things lie (the linker script is the builder's): what a host must have free.
#define WORLD_TEXT 0x50000000ul
#define WORLD_ABSENT 0x5c000000ul  // nobody defines what lies here; never mapped
#define WORLD_ABSENT_STRIDE 0x4000ul
#define WORLD_COVERAGE 0x5e000000ul
#define WORLD_HOST 0x5f000000ul
#define WORLD_STATE 0x60000000ul
#define WORLD_ARENA 0x68000000ul
#define WORLD_STACKS 0x70000000ul
// Addresses of contents: of what is mapped by ioremap(), and of pages. Nothing lies there.
#define WORLD_IO 0x100000000000ul
#define WORLD_PAGES 0x200000000000ul
#define WORLD_CONTENTS_END 0x300000000000ul
// For each task, and for the boot: its kernel stack, and on top of it what is the task's own.
#define WORLD_STACK_BYTES 0x10000ul
#define WORLD_TASK_BYTES 0x4000ul

#define WORLD_BLOCKS 48
#define WORLD_NODES 2
#define WORLD_ZONES 4  // of a node: DMA, DMA32, Normal, Movable
#define WORLD_TASKS 9
#define WORLD_NOTIFIERS 6

// ---- The host, for the kernel ----------------------------------------------------------------

// What a notifier of the scenario is told.
struct world_notice {
  const char* action;  // "MEM_GOING_OFFLINE"
  uint64_t start_pfn;
  uint64_t nr_pages;
  int32_t nid;  // status_change_nid, and that of normal memory
  int32_t nid_normal;
};

// What a driver's own file does, as the glue sees its calls.
struct world_driver_host {
  // alloc_contig_pages() has given it pages; free_contig_range() is to get them back.
  void (*allocated)(uint64_t pfn, uint64_t nr_pages);
  void (*frees)(uint64_t pfn, uint64_t nr_pages);
  void (*marked)(uint64_t pfn, int offline);         // PageOffline, or no more
  void (*managed)(uint64_t pfn, int64_t nr_pages);   // taken out of the managed ones if negative
  void (*removed)(uint64_t pfn, uint64_t nr_pages);  // its call that removes memory is over
  // Whose a notifier is that it registers now; that one of it is called, and has answered.
  unsigned int (*owner)(const void* callback);
  void (*told)(unsigned int owner, const struct world_notice* notice);
  void (*answered)(unsigned int owner, const struct world_notice* notice, int answer);
  // A page was cleared; user space sees what pages contain, because it has them mapped or not.
  void (*cleared)(uint64_t pfn);
  void (*seen)(uint64_t pfn, uint64_t nr_pages, int mapped);
};

// A call of a function that tells of itself, from its beginning to its end.
#define WORLD_ARGS 6  // in registers
struct world_call {
  const void* function;
  unsigned long args[WORLD_ARGS];
  const void* back;    // to where it returns
  unsigned long kept;  // the host's
};
// Those of a task, the innermost last.
#define WORLD_CALLS 32
struct world_calls {
  unsigned int nr;
  struct world_call call[WORLD_CALLS];
};

#define WORLD_NOBODY (-1)  // in place of the number of an allocation

// Other tasks may run in those of the first group.
struct world_host {
  // Locks that are waited for. `name` is null for one that the linker has a name for.
  void (*lock)(const void* lock, const char* name, int shared);
  int (*trylock)(const void* lock, const char* name);
  void (*unlock)(const void* lock, int shared);
  // Before the outermost spinlock is taken, and after it has been released.
  void (*spin)(int locked);
  void (*point)(void);             // might sleep here, and does not
  void (*sleep)(void);             // for a moment
  void (*poll)(const void* lock);  // between two attempts to take a lock that somebody has
  int (*answer)(unsigned int notifier, const struct world_notice* notice);

  // A line of printk, without its level and its end.
  void (*text)(const char* text);
  void (*warn)(const char* file, unsigned int line);
  void (*bug)(const char* text, const void* pc);  // does not return
  // An object of kmalloc was written to behind its end, or freed twice, or after that.
  void (*heap)(const char* what, const void* object);
  void (*misuse)(const char* what, const void* lock);  // of a lock
  void (*uevent)(unsigned long block, const char* action);
  // 0, or the negative errno with which the call of a function is to fail.
  int (*fault)(const char* function);
  // A function that the host wants to know of begins; it has returned `result`. Others may run.
  void (*function_begins)(struct world_call* call);
  void (*function_ends)(struct world_call* call, long result);

  // What the ledger is told. References on a page were taken or dropped, by the code before
  // `caller`, and `count` are left; or its count was set.
  void (*page_ref)(uint64_t pfn, int by, int count, const void* caller);
  void (*page_set)(uint64_t pfn, int count);
  // Pages have been taken out of the allocator; they are on their way into it.
  void (*page_allocated)(uint64_t pfn, uint64_t nr);
  void (*page_freed)(uint64_t pfn, uint64_t nr);
  // They belong to an allocation of a task, by its number, or WORLD_NOBODY. Of compound pages the
  // first has the count.
  void (*page_owned)(uint64_t pfn, uint64_t nr, int allocation, unsigned int task, int compound);
  void (*page_moved)(uint64_t from, uint64_t to);  // of an allocation: another page has its place
  void (*range_tested)(uint64_t up_to);            // test_pages_isolated() came so far
  // memory_notify() begins to tell an event, or has told it to all.
  void (*notify)(const struct world_notice* notice, int begins);
  void (*resched)(const void* caller);  // may give way: cond_resched(), might_sleep()
  // Nobody is inside of the kernel, and something is disabled that is to be enabled again.
  void (*kept)(const char* what);

  // Waits until somebody wakes those who wait for the object.
  void (*wait)(const void* object);
  void (*wake)(const void* object);

  struct world_driver_host driver;
  void (*stalled)(const void* pc);

  // So many words of the stack below a call of the host are zero when it returns: what is there
  // then depends neither on the host nor on what has run before. 0: they are left as they are.
  uint64_t wipe;
};
#define WORLD_HOST_CALLS 40  // functions above
// Each of them is called with these registers of the kernel on its stack, below its frame pointer.
#define WORLD_SAVED_BYTES 40

// ---- The kernel, for the host ----------------------------------------------------------------

struct world_boot_block {
  uint8_t nid;
  uint8_t movable;
  uint8_t reserved;
  uint8_t offline;
  uint8_t absent;  // the memory of a device, which its driver adds
};

// Corrections of the core (glue/fixes.c).
enum { WORLD_OWN_ISOLATION = 1, WORLD_OWN_TEST = 2, WORLD_CONTIG_ONLINE = 4 };

struct world_machine {
  uint32_t first_block;
  uint32_t nr_blocks;
  uint32_t gap_index;  // blocks below a hole in the block numbers, and its size; 0 and 0 without
  uint32_t gap_blocks;
  uint8_t auto_online;
  uint8_t memmap_on_memory;
  uint8_t pcp_high;  // pages on a per-CPU list, and in a pagevec: 0 for none
  uint8_t pagevec;
  uint8_t fixes;
  struct world_boot_block blocks[WORLD_BLOCKS];
};

enum {
  WORLD_PAGE_VALID = 1,     // pfn_valid(); without it nothing else is said
  WORLD_PAGE_POISONED = 2,  // the memmap is: nothing but `count` is said
  WORLD_PAGE_BUDDY = 4,
  WORLD_PAGE_OFFLINE = 8,
  WORLD_PAGE_LRU = 16,
  WORLD_PAGE_RESERVED = 32,
  WORLD_PAGE_HWPOISON = 64,
  WORLD_PAGE_PCP = 128,  // on a per-CPU list: of see_pcp_pages() alone
};

enum { WORLD_UNMOVABLE, WORLD_MOVABLE, WORLD_ISOLATE, WORLD_OTHER_TYPE };

struct world_page {
  int32_t count;
  uint8_t flags;
  uint8_t order;  // of a free chunk that begins here
  uint8_t zone;   // nid * WORLD_ZONES + the kind
  uint8_t type;   // of its pageblock
};

// Where a struct page has what is looked at most often, so that looking takes no call. Pages lie
// side by side, the one of pfn 0 at *map, which is null where they do not.
struct world_page_layout {
  char* const* map;
  uint32_t size;
  uint32_t count, flags, type, order;  // bytes from the beginning of each
  uint64_t lru, reserved;              // bits of flags
  uint32_t buddy_mask, buddy;          // type & mask of such a page
  uint32_t offline_mask, offline;
};

struct world_zone {
  uint64_t start;
  uint64_t spanned;
  uint64_t present;
  uint64_t managed;
  uint64_t free;
  uint64_t isolated;  // nr_isolate_pageblock
};

struct world_node {
  uint64_t start;
  uint64_t spanned;
  uint64_t present;
  uint8_t online;
  uint8_t has_memory;         // N_MEMORY
  uint8_t has_normal_memory;  // N_NORMAL_MEMORY
  uint8_t pad[5];
};

enum { WORLD_BLOCK_ABSENT, WORLD_BLOCK_ONLINE, WORLD_BLOCK_GOING_OFFLINE, WORLD_BLOCK_OFFLINE };

struct world_block {
  uint8_t state;
  uint8_t dev_offline;  // struct device::offline
  uint8_t section_online;
  uint8_t nid;
  uint8_t zone;      // as of a page, WORLD_NO_ZONE without one
  uint8_t ejected;   // firmware has it
  uint8_t resource;  // a busy entry of System RAM is of it
  uint8_t pad;
};
#define WORLD_NO_ZONE 0xff

// An entry of /proc/iomem on the top level.
struct world_resource {
  uint64_t start;
  uint64_t end;  // inclusive
  uint8_t system_ram;
  uint8_t busy;
  uint8_t pad[6];
};

// The basic blocks that `coverage` has a 1 for, as places in it, in the order in which they have
// run for the first time. A host that empties both has it told anew.
struct world_reached {
  uint32_t nr;
  uint32_t since;  // so many blocks have run since the host has written 0
  uint32_t block[];
};
// Code that runs so many blocks without a call of the host is stuck in a loop: it takes a tenth of
// a second. The host is told then, and again after each of some more.
#define WORLD_STALL_BLOCKS (1u << 25)
#define WORLD_STALL_AGAIN 1021u

// Results are 0, or a negative errno, unless it says otherwise.
struct world_exports {
  uint64_t magic;
  uint32_t abi;
  uint32_t size;  // of this struct
  const char* about;
  uint32_t
      order_of_block;  // log2 of the pages of a block, of a pageblock, and of the largest chunk
  uint32_t order_of_pageblock;
  uint32_t largest_order;
  uint32_t debug_vm;
  struct world_host* host;
  const char *text, *text_end;
  char *state, *state_end;
  const char *absent, *absent_end;
  const char* absent_names;    // of each WORLD_ABSENT_STRIDE bytes there, one after the other
  const uint64_t* arena_used;  // bytes
  char* coverage;              // beside `text`: 1 behind the call in a basic block that has run
  struct world_page_layout page;
  // Of the running task; and to where they seem to return.
  const struct world_calls* const* calls;
  const char* function_return;
  const char* function_entry;  // what is called by functions that tell of themselves

  int (*boot)(const struct world_machine* machine);
  // The task that runs from now on, and its signals: a pending one, a deadly one.
  void (*run)(unsigned int task, int pending, int fatal);
  // Nobody is inside of the kernel: callbacks of RCU run. What kmalloc's memory says is looked at.
  void (*rest)(void);

  long (*write_state)(unsigned long block, const char* word);
  long (*write_online)(unsigned long block, int online);
  long (*write_probe)(unsigned long block);
  long (*write_auto_online)(const char* word);
  long (*firmware_remove)(unsigned long block);
  long (*firmware_add)(unsigned long block);
  long (*remove_dimms)(unsigned long block, unsigned long nr_blocks);
  long (*register_notifier)(unsigned int notifier, int priority);
  long (*unregister_notifier)(unsigned int notifier);
  long (*alloc_pages)(int nid, int movable, unsigned int order);
  long (*free_pages)(void);
  long (*alloc_contig)(int nid, unsigned int order);
  long (*free_contig)(void);
  long (*get_page)(unsigned long pfn);
  long (*put_page)(unsigned long pfn);
  long (*memory_failure)(unsigned long pfn);
  // For fixes of the core: the arguments with which the running task sets flags of a pageblock.
  void (*note_pageblock)(unsigned long pfn, unsigned long flags, unsigned long mask);

  void (*see_pages)(unsigned long pfn, unsigned long nr, struct world_page* pages);
  uint8_t (*see_pageblock)(unsigned long pfn);  // its type
  const char* (*see_struct_page)(unsigned long pfn);
  // Sets WORLD_PAGE_PCP of those of [pfn, pfn + nr) that are on such a list.
  unsigned int (*see_nr_pcp_pages)(void);
  void (*see_pcp_pages)(unsigned long pfn, unsigned long nr, struct world_page* pages);
  void (*see_zone)(unsigned int zone, struct world_zone* z);
  void (*see_node)(unsigned int nid, struct world_node* n);
  void (*see_block)(unsigned long block, struct world_block* b);
  // The entry behind the first `index` ones; 0 if there is none.
  int (*see_resource)(unsigned int index, struct world_resource* r);

  // A driver's own file: its text, its static data and its initcalls, all empty without one.
  const char *driver, *driver_end;
  const char *driver_data, *driver_data_end;
  const void *driver_initcalls, *driver_initcalls_end;
  const void* const* removers;  // what it calls to have memory removed; null behind the last
  // Sets a module parameter, which may have no value: -ENOENT if there is none of that name.
  long (*set_param)(const char* name, const char* value);
  // Runs the initcalls; the errno of the first one that fails.
  long (*init_driver)(void);
  // The files that scenarios know as memtrace/enable and memtrace/NODE/trace. A task has one of the
  // latter open; exit_mmap() closes what it has mapped.
  long (*write_enable)(uint64_t value);
  long (*read_enable)(uint64_t* value);
  long (*open_trace)(int nid);
  long (*read_trace)(uint64_t offset, uint64_t length);
  long (*mmap_trace)(uint64_t offset, uint64_t length);
  long (*close_trace)(void);
  long (*exit_mmap)(void);
  // The object of kmalloc behind one, or the first: null behind the last. `size` is 0 of a free
  // one.
  const void* (*next_object)(const void* object, uint64_t* size);
  // What the kernel calls a page: the address of its struct page, and that of its contents.
  void (*page_names)(unsigned long pfn, uint64_t* page, uint64_t* address);
  unsigned int (*see_leaked_devices)(void);       // unregistered, and somebody has a reference
  unsigned int (*see_cached)(unsigned long pfn);  // references that a CPU's pagevec has on a page
  struct world_reached* reached;
};

#ifdef __cplusplus
}
#endif

#endif  // MODEL_TREE_ABI_H_
