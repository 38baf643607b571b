// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernel profiles: what differs between the kernels that the model can be, as one table of
// named switches. Code reads a switch and never a profile's name (kernel-facts 2 to 5, 11).
#ifndef MODEL_MM_KERNEL_H_
#define MODEL_MM_KERNEL_H_

#include <cstdint>

#include "model/mm/fix.h"

namespace hotplug::mm {

// How offlining gets free pages out of the per-CPU lists.
enum class Drain : uint8_t {
  kPageblock,         // after each pageblock is isolated, and no more (5.5 to 5.8: bug 8.1)
  kPageblockAndLoop,  // and once more in each round of the loop (5.9)
  kPcpDisabled,       // the lists are disabled from before isolation to the end (5.11)
};

struct Kernel {
  const char* name;
  const char* sentence;

  // drivers/base/memory.c
  bool word_before_lock;  // `state` is parsed before the lock is taken (5.7)
  bool auto_online_bool;  // `auto_online_blocks` says whether, and not yet how (up to 5.6)
  bool zone_of_block;     // memory_block::zone; a block of several zones is refused (6.1)

  // mm/memory_hotplug.c
  Drain drain;
  bool lru_cache_disable;   // per-CPU LRU caches are off while offlining (5.13)
  bool online_isolated;     // pageblocks are MIGRATE_ISOLATE until all is online (5.10)
  bool split_allocates;     // releasing a part of a resource may fail with -ENOMEM (up to 5.9)
  bool many_blocks;         // offline_and_remove_memory() of any number of blocks (5.11)
  bool memmap_on_memory;    // the memmap of added memory may lie in it (5.13)
  bool hole_pages_in_zone;  // struct pages of holes have the zone around them (5.13)
  bool leaks_block_device;  // offline_and_remove_memory() keeps a reference (up to 5.10)
  bool resource_message;    // "Unable to reserve System RAM region" is printed

  // mm/page_isolation.c, mm/page_alloc.c
  bool isolate_counts;       // start_isolate_page_range() returns the number of pageblocks (5.8)
  bool contig_only_free;     // a candidate with any used page is passed over (up to 5.11)
  bool contig_by_pageblock;  // isolates pageblocks and not chunks of the largest order (6.1)
  bool contig_undo_all;      // undoes the isolation of others on failure, too (6.1)

  // kernel/notifier.c
  bool register_twice_eexist;  // registering twice is refused (6.1)
};

// The rows, in the order in which scenarios number them.
inline constexpr uint32_t kNrKernels = 4;
extern const Kernel kKernels[kNrKernels];
extern const char* const kKernelNames[kNrKernels];

// The profile of the running machine.
const Kernel& kernel();

// Changes of the core, for what no driver can cure. Some of them later kernels have.
enum class CoreFix : uint8_t {
  kNotifyAll,     // no answer stops a walk of the chain with an event that nobody can refuse
  kPaired,        // CANCEL_x goes to those who were told GOING_x of this operation
  kRobust,        // who refuses GOING_x ends it with CANCEL_x to those before it, in one walk
  kOwnIsolation,  // undoing an isolation leaves pageblocks alone that somebody else has isolated
  kEveryEntry,    // removal releases each System RAM entry that its range lies over
  kPutDevice,     // offline_and_remove_memory() gives back its reference of the device (5.11)
  kSplitFirst,    // releasing a resource cannot fail for want of memory (5.10)
  kPoisonInUse,   // offlining fails of a poisoned page that somebody uses
  kDrainLoop,     // per-CPU lists are drained in each round of offlining (5.9)
  kOwnTest,       // an allocation takes no page out of pageblocks that somebody else has isolated
};
extern const Fixes kCoreFixes;
constexpr uint32_t Bit(CoreFix fix) { return uint32_t{1} << static_cast<uint32_t>(fix); }
// Whether the running machine has it.
bool fixed(CoreFix fix);

}  // namespace hotplug::mm

#endif  // MODEL_MM_KERNEL_H_
