// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernels that the model can be, and what differs between them, as one table of named
// switches. Code reads a switch and never a kernel's name:
//
//   if (kernel().lru_cache_disable) lru_cache_disable();
//
// A new kernel is a column: a row of HOTPLUG_KERNELS and a value in each row of
// HOTPLUG_KERNEL_SWITCHES. A new switch is a row of the latter. docs/fidelity.md has the table
// with its sources and is checked against this one.
#ifndef MODEL_MM_KERNEL_H_
#define MODEL_MM_KERNEL_H_

#include <array>
#include <cstdint>
#include <iterator>

#include "model/mm/fix.h"

// clang-format off

// Name and sentence, the oldest first. Scenarios number them: new ones go to the end.
#define HOTPLUG_KERNELS(KERNEL)                                                                    \
  KERNEL("rfc",  "linux-next of December 2019: 5.6 with the PageOffline rules of virtio-mem")      \
  KERNEL("5.9",  "Linux 5.9: per-CPU lists are drained in the loop of offlining")                  \
  KERNEL("5.11", "Linux 5.11: per-CPU lists disabled while offlining, onlining isolated")          \
  KERNEL("6.1",  "Linux 6.1: blocks know their zone, memmap_on_memory, isolation by pageblock")

// Name, its value in each kernel, and what it says; by the kernel's file.
#define HOTPLUG_KERNEL_SWITCHES(SWITCH)                                                            \
  /*                        rfc 5.9 5.11 6.1 */                                                    \
  /* drivers/base/memory.c */                                                                      \
  SWITCH(word_before_lock,     (0, 1, 1, 1),                                                       \
         "`state` is parsed before the lock is taken (5.7)")                                       \
  SWITCH(auto_online_bool,     (1, 0, 0, 0),                                                       \
         "`auto_online_blocks` says whether, and not yet how (up to 5.6)")                         \
  SWITCH(zone_of_block,        (0, 0, 0, 1),                                                       \
         "memory_block::zone: a block of several zones is refused before all else (6.1)")          \
  /* mm/memory_hotplug.c */                                                                        \
  SWITCH(drain_in_loop,        (0, 1, 0, 0),                                                       \
         "per-CPU lists are drained in each round of offlining, too (5.9)")                        \
  SWITCH(pcp_disabled,         (0, 0, 1, 1),                                                       \
         "per-CPU lists are disabled from before isolation to the end (5.11)")                     \
  SWITCH(lru_cache_disable,    (0, 0, 0, 1),                                                       \
         "per-CPU LRU caches are off while offlining (5.13)")                                      \
  SWITCH(online_isolated,      (0, 0, 1, 1),                                                       \
         "pageblocks are MIGRATE_ISOLATE until all is online (5.10)")                              \
  SWITCH(split_allocates,      (1, 1, 0, 0),                                                       \
         "releasing a part of a resource may fail with -ENOMEM (up to 5.9)")                       \
  SWITCH(many_blocks,          (0, 0, 1, 1),                                                       \
         "offline_and_remove_memory() takes several blocks, with the way back (5.11)")             \
  SWITCH(memmap_on_memory,     (0, 0, 0, 1),                                                       \
         "the memmap of added memory may lie in it (5.13)")                                        \
  SWITCH(hole_pages_in_zone,   (0, 0, 0, 1),                                                       \
         "struct pages of holes have the zone around them (5.13)")                                 \
  SWITCH(leaks_block_device,   (1, 1, 0, 0),                                                       \
         "offline_and_remove_memory() keeps a reference on the device (up to 5.10)")               \
  SWITCH(resource_message,     (0, 1, 1, 1),                                                       \
         "\"Unable to reserve System RAM region\" is printed")                                     \
  /* mm/page_isolation.c, mm/page_alloc.c */                                                       \
  SWITCH(list_tails,           (0, 0, 1, 1),                                                       \
         "onlined and isolated pages, and those of a changed type, are taken last (5.10)")         \
  SWITCH(pcp_orders,           (0, 0, 0, 1),                                                       \
         "per-CPU lists take up to order 3, and pass on more and more while none is taken (5.14)") \
  SWITCH(pcp_by_list,          (0, 0, 0, 1),                                                       \
         "per-CPU lists pass on type by type, what was freed last first (5.18)")                   \
  SWITCH(isolate_counts,       (0, 1, 0, 0),                                                       \
         "start_isolate_page_range() returns the number of pageblocks (5.8)")                      \
  SWITCH(isolate_ends_first,   (0, 0, 0, 1),                                                       \
         "a range's first and last pageblock are isolated before the others, unasked (5.18)")      \
  SWITCH(contig_only_free,     (1, 1, 1, 0),                                                       \
         "a contiguous range with any used page is no candidate (up to 5.11)")                     \
  SWITCH(contig_by_pageblock,  (0, 0, 0, 1),                                                       \
         "alloc_contig_range() isolates pageblocks and not chunks of the largest order (6.1)")     \
  SWITCH(contig_undo_all,      (0, 0, 0, 1),                                                       \
         "a failed alloc_contig_range() undoes the isolation of others, too (6.1)")                \
  /* mm/memory-failure.c */                                                                        \
  SWITCH(poison_pcp_disabled,  (0, 0, 1, 1),                                                       \
         "per-CPU lists are disabled while memory_failure() takes its reference (5.11)")           \
  SWITCH(poison_handlable,     (0, 0, 0, 1),                                                       \
         "memory_failure() takes free pages and pages on the LRU, and no others (5.13)")           \
  /* kernel/notifier.c */                                                                          \
  SWITCH(register_twice_eexist, (0, 0, 0, 1),                                                      \
         "registering a notifier twice is refused (6.1)")

// clang-format on

namespace hotplug::mm {

#define HOTPLUG_NAME(name, sentence) name,
inline constexpr const char* kKernelNames[] = {HOTPLUG_KERNELS(HOTPLUG_NAME)};
#undef HOTPLUG_NAME
inline constexpr uint32_t kNrKernels = std::size(kKernelNames);

struct Kernel {
  const char* name;
  const char* sentence;
#define HOTPLUG_FIELD(name, values, sentence) bool name = false;
  HOTPLUG_KERNEL_SWITCHES(HOTPLUG_FIELD)
#undef HOTPLUG_FIELD
};
extern const std::array<Kernel, kNrKernels> kKernels;

// The switches, to list them.
struct KernelSwitch {
  const char* name;
  const char* sentence;
  bool Kernel::* value;
};
#define HOTPLUG_ROW(name, values, sentence) {#name, sentence, &Kernel::name},
inline constexpr KernelSwitch kKernelSwitches[] = {HOTPLUG_KERNEL_SWITCHES(HOTPLUG_ROW)};
#undef HOTPLUG_ROW

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
  static constexpr Fix kSplitChunks = {
      1 << 10, "split_chunks",
      "isolation splits free chunks at the ends of its pageblock, as from 6.10 on"};
  static constexpr Fix kContigOnline = {
      1 << 11, "contig_online",
      "no memory goes offline or away while a contiguous range is looked at and taken"};
  static constexpr Fix kAll[] = {kNotifyAll,  kPaired,    kRobust,      kOwnIsolation,
                                 kEveryEntry, kPutDevice, kSplitFirst,  kPoisonInUse,
                                 kDrainLoop,  kOwnTest,   kSplitChunks, kContigOnline};
};
inline constexpr Fixes kCoreFixes(CoreFix::kAll);
// Whether the running machine has it.
bool fixed(const Fix& fix);

}  // namespace hotplug::mm

#endif  // MODEL_MM_KERNEL_H_
