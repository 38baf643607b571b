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
struct CoreFix {
  static constexpr Fix kNotifyAll = {
      1 << 0, "notify_all",
      "every callback hears MEM_OFFLINE, MEM_ONLINE and CANCEL, whatever is answered"};
  static constexpr Fix kPaired = {
      1 << 1, "paired", "CANCEL goes only to callbacks that were told GOING of the same operation"};
  static constexpr Fix kRobust = {
      1 << 2, "robust", "a refused GOING is cancelled in the same walk, for those who had agreed"};
  static constexpr Fix kOwnIsolation = {1 << 3, "own_isolation",
                                        "only who isolated a pageblock undoes it"};
  static constexpr Fix kEveryEntry = {
      1 << 4, "every_entry", "removing memory releases every System RAM entry of its range"};
  static constexpr Fix kPutDevice = {
      1 << 5, "put_device",
      "offline_and_remove_memory() gives back its reference of the device, as from 5.11 on"};
  static constexpr Fix kSplitFirst = {
      1 << 6, "split_first",
      "releasing a resource cannot fail for want of memory, as from 5.10 on"};
  static constexpr Fix kPoisonInUse = {1 << 7, "poison_in_use",
                                       "offlining fails of a poisoned page that somebody uses"};
  static constexpr Fix kDrainLoop = {
      1 << 8, "drain_loop", "per-CPU lists are drained in each round of offlining, as from 5.9 on"};
  static constexpr Fix kOwnTest = {
      1 << 9, "own_test",
      "a contiguous allocation takes only out of pageblocks that it has isolated itself"};
  static constexpr Fix kAll[] = {kNotifyAll, kPaired,     kRobust,      kOwnIsolation, kEveryEntry,
                                 kPutDevice, kSplitFirst, kPoisonInUse, kDrainLoop,    kOwnTest};
};
inline constexpr Fixes kCoreFixes(CoreFix::kAll);
// Whether the running machine has it.
bool fixed(const Fix& fix);

}  // namespace hotplug::mm

#endif  // MODEL_MM_KERNEL_H_
