// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/pcp.h"

#include <algorithm>

#include "model/mm/buddy.h"
#include "model/mm/function.h"

namespace hotplug::mm {

namespace {

uint32_t smp_processor_id() { return sim::current_task().v % kNrCpus; }

per_cpu_pages& PcpOf(uint32_t zone_index, uint32_t cpu) { return mm().pcp[zone_index][cpu]; }

// Takes an entry out; the order of the others stays.
void Remove(per_cpu_pages& pcp, uint32_t i) {
  std::copy(pcp.pfn.begin() + i + 1, pcp.pfn.begin() + pcp.count, pcp.pfn.begin() + i);
  std::copy(pcp.mt.begin() + i + 1, pcp.mt.begin() + pcp.count, pcp.mt.begin() + i);
  --pcp.count;
}

// The oldest page goes to the buddy. Its memmap may be gone by now.
void free_pcppages_bulk(per_cpu_pages& pcp) {
  const Pfn pfn{pcp.pfn[0]};
  Remove(pcp, 0);
  pfn_to_page(pfn);
  free_checked_page(pfn, 0);
}

}  // namespace

bool OnPcpList(Pfn pfn) {
  for (const auto& zone : mm().pcp) {
    for (const per_cpu_pages& pcp : zone) {
      const auto end = pcp.pfn.begin() + pcp.count;
      if (std::find(pcp.pfn.begin(), end, pfn.v) != end) return true;
    }
  }
  return false;
}

void free_unref_page_commit(Pfn pfn, migratetype mt) {
  // Linking a page that is linked already would make a circle of the list.
  if (OnPcpList(pfn)) BUG(kTpBugListCorruption, pfn);
  const uint32_t zone_index = PageAt(pfn).zone;
  const uint32_t cpu = smp_processor_id();
  per_cpu_pages& pcp = PcpOf(zone_index, cpu);
  pcp.pfn[pcp.count] = pfn.v;
  pcp.mt[pcp.count++] = mt;
  SetOwner(pfn, kPcp);
  sim::record(kTpPcpCommit, pfn.v, cpu, pcp.count);
  const uint32_t high = mm().pcp_disabled == zone_index + 1 ? 0 : mm().pcp_high;
  if (pcp.count > high) free_pcppages_bulk(pcp);
}

Pfn rmqueue_pcplist(uint32_t zone_index, migratetype mt) {
  per_cpu_pages& pcp = PcpOf(zone_index, smp_processor_id());
  for (uint32_t i = pcp.count; i-- > 0;) {
    if (pcp.mt[i] != mt) continue;
    const Pfn pfn{pcp.pfn[i]};
    Remove(pcp, i);
    pfn_to_page(pfn);
    return pfn;
  }
  return Pfn{kNoPfn};
}

namespace {

void DrainPages(uint32_t zone_index) {
  for (uint32_t cpu = 0; cpu < kNrCpus; ++cpu) {
    per_cpu_pages& pcp = PcpOf(zone_index, cpu);
    const uint32_t nr = pcp.count;
    if (nr == 0) continue;
    while (pcp.count != 0) free_pcppages_bulk(pcp);
    sim::sched_point(kTpDrainPages, cpu, nr);
  }
}

}  // namespace

void drain_all_pages(uint32_t zone_index) {
  fn_begin(Fn::kDrainAllPages);
  DrainPages(zone_index);
  fn_ret(Fn::kDrainAllPages);
}

void zone_pcp_disable(uint32_t zone_index) {
  fn_begin(Fn::kZonePcpDisable);
  sim::mutex_lock(mm().pcp_batch_high_lock);
  mm().pcp_disabled = static_cast<uint8_t>(zone_index + 1);
  DrainPages(zone_index);
  fn_ret(Fn::kZonePcpDisable);
}

void zone_pcp_enable() {
  fn_begin(Fn::kZonePcpEnable);
  lockdep_assert_held(mm().pcp_batch_high_lock);
  mm().pcp_disabled = 0;
  sim::mutex_unlock(mm().pcp_batch_high_lock);
  fn_ret(Fn::kZonePcpEnable);
}

// ---- The LRU ----------------------------------------------------------------------------

namespace {

void SetPageLRU(Pfn pfn) {
  PageAt(pfn).flags |= kFlagLru;
  Touch(pfn);
}

// The oldest page goes to the LRU, or to the buddy if nobody else had a reference any more.
void pagevec_lru_add(pagevec& pvec) {
  const Pfn pfn{pvec.pfn[0]};
  std::copy(pvec.pfn.begin() + 1, pvec.pfn.begin() + pvec.nr, pvec.pfn.begin());
  --pvec.nr;
  SetPageLRU(pfn);
  DropCached(pfn);
  if (--PageAt(pfn).refcount == 0) free_unref_page(pfn, 0);
}

void lru_add_drain_cpu(uint32_t cpu) {
  pagevec& pvec = mm().lru_add[cpu];
  const uint32_t nr = pvec.nr;
  if (nr == 0) return;
  // No more than there were: others may add while a page is being freed.
  for (uint32_t i = 0; i < nr && pvec.nr != 0; ++i) pagevec_lru_add(pvec);
  sim::sched_point(kTpLruDrain, cpu, nr);
}

}  // namespace

void lru_cache_add(Pfn pfn) {
  if (mm().pagevec_size == 0 || mm().lru_disable_count != 0) return SetPageLRU(pfn);
  const uint32_t cpu = smp_processor_id();
  pagevec& pvec = mm().lru_add[cpu];
  ++PageAt(pfn).refcount;
  AddCached(pfn);
  pvec.pfn[pvec.nr++] = pfn.v;
  sim::record(kTpLruAdd, pfn.v, cpu, pvec.nr);
  if (pvec.nr == mm().pagevec_size) lru_add_drain_cpu(cpu);
}

void lru_add_drain_all() {
  for (uint32_t cpu = 0; cpu < kNrCpus; ++cpu) lru_add_drain_cpu(cpu);
}

void lru_cache_disable() {
  fn_begin(Fn::kLruCacheDisable);
  ++mm().lru_disable_count;
  lru_add_drain_all();
  fn_ret(Fn::kLruCacheDisable);
}

void lru_cache_enable() { --mm().lru_disable_count; }

}  // namespace hotplug::mm
