// SPDX-License-Identifier: GPL-2.0-or-later
//
// The state of the simulated memory management, as it lies in the arena: what the real
// kernel has. The checker's view of it is the ledger (model/world/ledger.h), which nothing here
// reads.
#ifndef MODEL_MM_STATE_H_
#define MODEL_MM_STATE_H_

#include <array>
#include <cstdint>

#include "model/limits.h"
#include "model/mm/types.h"
#include "model/sim/lock.h"
#include "model/sim/machine.h"
#include "model/world/geometry.h"

namespace hotplug::mm {

// Regions of the arena carved by mm.
inline constexpr sim::Region kMmRegion = 1;
inline constexpr sim::Region kPageblockRegion = 2;
inline constexpr sim::Region kPageRegion = 3;

// page::flags.
enum : uint8_t {
  kFlagReserved = 1,  // PG_reserved
  kFlagLru = 2,       // PG_lru: on the LRU, movable
  kFlagPoison = 4,    // memmap of an offlined block under CONFIG_DEBUG_VM
  kFlagHwPoison = 8,  // PG_hwpoison: broken
  kFlagDirty = 16,    // PG_dirty, as a driver uses it for pages that are its own
};

struct page {
  int32_t refcount;
  uint8_t type;
  uint8_t flags;
  uint8_t order;  // of the free chunk or the allocation whose first page this is
  uint8_t zone;   // index into MmState::zones
  uint32_t next;  // free list links: pfns
  uint32_t prev;
};

struct pageblock {
  uint8_t migratetype;
  uint8_t isolated_by;  // the task that has made it MIGRATE_ISOLATE; of no meaning otherwise
};

struct free_area {
  std::array<uint32_t, MIGRATE_TYPES> head;  // pfn, or kNoPfn
  std::array<uint32_t, MIGRATE_TYPES> tail;
};

struct zone {
  static constexpr sim::SpinLock lock{0};  // of every zone: one class, as lockdep has it
  uint32_t zone_start_pfn;
  uint32_t spanned_pages;
  uint32_t present_pages;
  uint32_t managed_pages;
  uint32_t nr_free_pages;  // NR_FREE_PAGES: free pages outside of isolated pageblocks
  uint32_t nr_isolate_pageblock;
  std::array<free_area, kMaxOrder + 1> free;
};

struct node {
  uint32_t present_pages;
  uint32_t nr_isolated;  // NR_ISOLATED_ANON: pages that somebody has taken off the LRU
  uint8_t online;
  uint8_t has_memory;         // N_MEMORY
  uint8_t has_normal_memory;  // N_NORMAL_MEMORY
  uint8_t has_cpus;
};

// memory_block::zone of a block whose pages lie in several zones.
inline constexpr uint8_t kSeveralZones = 0xff;

struct memory_block {
  uint32_t state;          // MEM_ONLINE, MEM_GOING_OFFLINE or MEM_OFFLINE
  uint8_t registered;      // the device exists
  uint8_t dev_offline;     // struct device::offline
  uint8_t section_online;  // SECTION_IS_ONLINE
  uint8_t resource;        // busy "System RAM" entry that covers it (resource.h), 0 without one
  uint8_t nid;
  uint8_t zone;               // index into MmState::zones, while online; or kSeveralZones
  uint8_t online_type;        // mmop: how the next write of 1 to `online` onlines it
  uint8_t has_hole;           // System RAM does not cover it
  uint8_t boot_memmap;        // its memmap lies in memory that was reserved at boot
  uint8_t region;             // a driver has reserved its addresses (request_mem_region)
  uint16_t nr_vmemmap_pages;  // at its start: its own memmap (memmap_on_memory)
  uint8_t ejected;            // firmware has it, until somebody adds it again
  uint8_t device_refs;        // references on the device that nobody will drop
  uint8_t of_device;          // the memory of a device, which its driver adds and removes
  uint8_t remover;            // the task + 1 that has removed it last; 0: nobody yet
  uint32_t removals;          // how often that was
};

// A notifier block lies in the state of whoever registers it; the chain links offsets.
struct notifier_block {
  uint32_t next;  // offset of the next in the chain, 0 at its end
  int32_t priority;
  uint8_t notifier_call;  // index into the bound table of functions
  uint8_t untold;         // was told MEM_GOING_*, and not yet how that ended: known to the checks,
                          // and to a core with CoreFix::kPaired
  uint16_t data;          // container_of(): what the callback finds its own state by
  uint16_t name;          // how traces call it
  uint16_t owner;         // ghost: the instance on whose behalf it was registered
};

// An allocation of a task.
struct allocation {
  uint32_t pfn;
  uint8_t order;
  uint8_t task;  // who allocated it
  uint8_t live;
  uint8_t contig;  // contiguous pages, each with a count of its own
  uint32_t seq;    // older allocations have lower numbers
};

// The free chunks that a CPU keeps back of a zone, the oldest first. One more than it may keep
// has room, for the moment between adding and passing on.
struct per_cpu_pages {
  uint8_t count;
  uint8_t free_factor;                      // how often more and more pages were passed on
  std::array<uint8_t, kMaxPcpHigh + 1> mt;  // types of their pageblocks when they were freed
  std::array<uint8_t, kMaxPcpHigh + 1> order;
  std::array<uint32_t, kMaxPcpHigh + 1> pfn;
};

// The pages that wait on a CPU to be put on the LRU, the oldest first.
struct pagevec {
  uint32_t nr;
  std::array<uint32_t, kMaxPagevec> pfn;
};

// A directory of debugfs, with the file in it that has operations of its own.
struct debugfs_dir {
  sim::RwSem active_users;  // read by who is inside of an operation that removal waits for
  uint16_t object;          // what the file was created with: an element of an object of kmalloc
  uint16_t index;
  uint8_t nid;       // its name
  uint8_t has_file;  // until it is removed
  uint8_t serial;    // another one for each directory in this place
  uint8_t unsafe;    // its file is not guarded
};

// An object of kmalloc.
struct heap_object {
  uint16_t start;  // offset in the heap
  uint16_t size;
  uint8_t live;
  uint8_t pad[3];
};

struct MmState {
  // Configuration: constant during a run.
  uint8_t kernel;                     // row of kKernels
  uint8_t debug_vm;                   // CONFIG_DEBUG_VM
  uint8_t memhp_default_online_type;  // mmop: what becomes of added memory
  uint8_t mhp_memmap_on_memory;       // module parameter memory_hotplug.memmap_on_memory
  uint16_t core_fixes;                // a bit for each CoreFix
  uint8_t fine_points;                // loops over pages have a scheduling point per page
  uint8_t trace_functions;            // entries and returns of functions are recorded (function.h)
  uint8_t lowest_zone;                // enum zone_type: the lowest zone that the machine has
  uint8_t pcp_high;                   // pages that a per-CPU list keeps; 0: there are no lists
  uint8_t pagevec_size;               // pages that a pagevec keeps until it is full; 0: none

  uint8_t pcp_disabled;       // index + 1 of the zone whose lists are disabled
  uint8_t lru_disable_count;  // who has the pagevecs disabled
  uint8_t nr_heap_objects;
  uint8_t online_page_callback;  // a driver has set one
  uint8_t pad[1];
  uint32_t heap_used;
  uint32_t next_allocation_seq;
  uint32_t mappings;                    // live results of ioremap(), a bit each
  uint32_t dirs;                        // live debugfs directories, a bit each
  std::array<uint8_t, 12> fault_calls;  // calls so far of each FaultSite; the rest is padding
  uint32_t chain_head;                  // offset of the first notifier block, 0 without one
  uint32_t kmemleak;                    // CONFIG_DEBUG_KMEMLEAK: what is lost is told at the end
  uint32_t leaked_devices;              // of blocks that are gone, and not freed

  sim::Mutex device_hotplug_lock;
  sim::PercpuRwSem cpu_hotplug_lock;
  sim::PercpuRwSem mem_hotplug_lock;
  sim::Mutex pcp_batch_high_lock;
  sim::RwSem memory_chain;
  std::array<sim::Mutex, kMaxBlocks> device_lock;
  std::array<debugfs_dir, kMaxDirs> debugfs_dirs;
  std::array<uint64_t, kMaxThreads> user_mapped;   // blocks that a task has mapped, a bit each
  std::array<uint32_t, kMaxMappings> mapping_pfn;  // where those of `mappings` begin

  std::array<zone, kMaxNodes * MAX_NR_ZONES> zones;
  std::array<std::array<per_cpu_pages, kNrCpus>, kMaxNodes * MAX_NR_ZONES> pcp;
  std::array<pagevec, kNrCpus> lru_add;
  std::array<node, kMaxNodes> nodes;
  std::array<memory_block, kMaxBlocks> blocks;
  std::array<allocation, kMaxAllocations> allocations;
  std::array<heap_object, kMaxHeapObjects> heap_objects;
  std::array<uint8_t, kHeapBytes> heap;
};

inline MmState& mm() { return *sim::machine->Get<MmState>(kMmRegion); }

// ---- Looking things up -------------------------------------------------------------------

inline memory_block& BlockAt(BlockId b) { return mm().blocks[BlockIndex(b)]; }
// True if the device of the block is there.
inline bool Present(BlockId b) { return BlockExists(b) && BlockAt(b).registered != 0; }
inline uint32_t ZoneIndex(NodeId nid, zone_type kind) { return nid.v * MAX_NR_ZONES + kind; }
inline zone_type KindOf(uint32_t zone_index) {
  return static_cast<zone_type>(zone_index % MAX_NR_ZONES);
}

// The struct page of a pfn, without asking whether the memmap is there: for set-up, for
// code that has looked, and for the checks. Everything else uses pfn_to_page() (page.h).
inline page& PageAt(Pfn pfn) { return sim::machine->Get<page>(kPageRegion)[PageIndex(pfn)]; }
inline pageblock& PageblockOf(Pfn pfn) {
  return sim::machine->Get<pageblock>(
      kPageblockRegion)[PageIndex(pfn) >> geometry().pageblock_order];
}
inline uint8_t& PageblockAt(Pfn pfn) { return PageblockOf(pfn).migratetype; }

}  // namespace hotplug::mm

#endif  // MODEL_MM_STATE_H_
