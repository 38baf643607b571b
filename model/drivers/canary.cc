// SPDX-License-Identifier: GPL-2.0-or-later
//
// A driver that is plainly wrong: it frees its memory twice. The checks and the whole chain
// from a fuzz target to its report are known to work as long as this is found at once.
#include "model/drivers/driver.h"
#include "model/mm/isolation.h"

namespace hotplug::drivers {

namespace {

void Init(uint32_t) {}

int CanaryEnableSet(uint64_t value) {
  if (value == 0 || value % kBlockBytes != 0) return -EINVAL;
  const uint64_t nr_pages = value >> mm::PageShift();
  const mm::Pfn base = mm::alloc_contig_pages(nr_pages, mm::NodeId{0});
  if (base.v == mm::kNoPfn) return -ENOMEM;
  for (int i = 0; i < 2; ++i) mm::free_contig_range(base, static_cast<uint32_t>(nr_pages));
  return 0;
}

uint64_t CanaryEnableGet() { return 0; }
uint32_t Ranges(Range*, uint32_t) { return 0; }

}  // namespace

const Driver kCanary = {
    kCanaryRow.name,
    kCanaryRow.sentence,
    "none",
    &Init,
    {&CanaryEnableSet, &CanaryEnableGet},
    nullptr,
    &Ranges,
};

}  // namespace hotplug::drivers
