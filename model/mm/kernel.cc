// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/kernel.h"

#include "model/mm/state.h"

namespace hotplug::mm {

// clang-format off
const Kernel kKernels[kNrKernels] = {
    {.name = "rfc",
     .sentence = "linux-next of December 2019: 5.6 with the PageOffline rules of virtio-mem",
     .word_before_lock = false, .auto_online_bool = true, .zone_of_block = false,
     .drain = Drain::kPageblock, .lru_cache_disable = false, .online_isolated = false,
     .split_allocates = true, .many_blocks = false, .memmap_on_memory = false,
     .hole_pages_in_zone = false, .leaks_block_device = true, .resource_message = false,
     .isolate_counts = false, .contig_only_free = true, .contig_by_pageblock = false,
     .contig_undo_all = false,
     .register_twice_eexist = false},
    {.name = "5.9",
     .sentence = "Linux 5.9: per-CPU lists are drained in the loop of offlining",
     .word_before_lock = true, .auto_online_bool = false, .zone_of_block = false,
     .drain = Drain::kPageblockAndLoop, .lru_cache_disable = false, .online_isolated = false,
     .split_allocates = true, .many_blocks = false, .memmap_on_memory = false,
     .hole_pages_in_zone = false, .leaks_block_device = true, .resource_message = true,
     .isolate_counts = true, .contig_only_free = true, .contig_by_pageblock = false,
     .contig_undo_all = false,
     .register_twice_eexist = false},
    {.name = "5.11",
     .sentence = "Linux 5.11: per-CPU lists disabled while offlining, onlining isolated",
     .word_before_lock = true, .auto_online_bool = false, .zone_of_block = false,
     .drain = Drain::kPcpDisabled, .lru_cache_disable = false, .online_isolated = true,
     .split_allocates = false, .many_blocks = true, .memmap_on_memory = false,
     .hole_pages_in_zone = false, .leaks_block_device = false, .resource_message = true,
     .isolate_counts = false, .contig_only_free = true, .contig_by_pageblock = false,
     .contig_undo_all = false,
     .register_twice_eexist = false},
    {.name = "6.1",
     .sentence = "Linux 6.1: blocks know their zone, memmap_on_memory, isolation by pageblock",
     .word_before_lock = true, .auto_online_bool = false, .zone_of_block = true,
     .drain = Drain::kPcpDisabled, .lru_cache_disable = true, .online_isolated = true,
     .split_allocates = false, .many_blocks = true, .memmap_on_memory = true,
     .hole_pages_in_zone = true, .leaks_block_device = false, .resource_message = true,
     .isolate_counts = false, .contig_only_free = false, .contig_by_pageblock = true,
     .contig_undo_all = true,
     .register_twice_eexist = true},
};
// clang-format on

const char* const kKernelNames[kNrKernels] = {kKernels[0].name, kKernels[1].name, kKernels[2].name,
                                              kKernels[3].name};

bool fixed(const Fix& fix) { return (mm().core_fixes & fix.bit) != 0; }

const Kernel& kernel() { return kKernels[mm().kernel]; }

}  // namespace hotplug::mm
