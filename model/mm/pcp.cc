// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/pcp.h"

#include <algorithm>

#include "model/mm/buddy.h"
#include "model/mm/function.h"
#include "model/mm/kernel.h"

namespace hotplug::mm {

namespace {

constexpr uint32_t kCostlyOrder = 3;  // PAGE_ALLOC_COSTLY_ORDER

uint32_t smp_processor_id() { return sim::current_task().v % kNrCpus; }

per_cpu_pages& PcpOf(uint32_t zone_index, uint32_t cpu) { return mm().pcp[zone_index][cpu]; }

uint32_t PagesOf(const per_cpu_pages& pcp) {
  uint32_t nr = 0;
  for (uint32_t i = 0; i < pcp.count; ++i) nr += 1u << pcp.order[i];
  return nr;
}

// Chunks of an order and a type lie on a list of their own.
constexpr uint32_t kLists = MIGRATE_TYPES * (kCostlyOrder + 1);
uint32_t order_to_pindex(uint32_t mt, uint32_t order) { return MIGRATE_TYPES * order + mt; }

// Takes an entry out; the order of the others stays.
void Remove(per_cpu_pages& pcp, uint32_t i) {
  const auto remove = [&](auto& of) {
    std::copy(of.begin() + i + 1, of.begin() + pcp.count, of.begin() + i);
  };
  remove(pcp.pfn);
  remove(pcp.mt);
  remove(pcp.order);
  --pcp.count;
}

// What is passed on next: the oldest of all, or of the first list from `pindex` on that has any.
uint32_t NextOf(const per_cpu_pages& pcp, uint32_t pindex) {
  const auto distance = [&](uint32_t i) {
    return (kLists + order_to_pindex(pcp.mt[i], pcp.order[i]) - pindex) % kLists;
  };
  uint32_t next = 0;
  for (uint32_t i = 1; i < pcp.count && kernel().pcp_by_list; ++i) {
    if (distance(i) < distance(next)) next = i;
  }
  return next;
}

// Chunks go to the buddy until `nr` pages have. Their memmap may be gone by now.
void free_pcppages_bulk(per_cpu_pages& pcp, uint32_t nr, uint32_t pindex) {
  for (uint32_t done = 0; done < nr && pcp.count != 0;) {
    const uint32_t i = NextOf(pcp, pindex);
    const Pfn pfn{pcp.pfn[i]};
    const uint32_t order = pcp.order[i];
    const auto mt = static_cast<migratetype>(pcp.mt[i]);
    Remove(pcp, i);
    pfn_to_page(pfn);
    free_checked_page(pfn, order, mt);
    done += 1u << order;
  }
}

// How many pages a list passes on that holds `high` or more.
uint32_t nr_pcp_free(per_cpu_pages& pcp, uint32_t high) {
  constexpr uint32_t kPcpBatchScaleMax = 5;
  if (high == 0 || !kernel().pcp_orders) return 1;
  const uint32_t batch = 1u << pcp.free_factor;
  const uint32_t most = high - 1;
  if (batch < most && pcp.free_factor < kPcpBatchScaleMax) ++pcp.free_factor;
  return std::min(batch, most);
}

}  // namespace

bool pcp_allowed_order(uint32_t order) {
  return mm().pcp_high != 0 && order <= (kernel().pcp_orders ? kCostlyOrder : 0);
}

bool OnPcpList(Pfn pfn) {
  for (const auto& zone : mm().pcp) {
    for (const per_cpu_pages& pcp : zone) {
      for (uint32_t i = 0; i < pcp.count; ++i) {
        if (pfn.v - pcp.pfn[i] < 1u << pcp.order[i]) return true;
      }
    }
  }
  return false;
}

void free_unref_page_commit(Pfn pfn, migratetype mt, uint32_t order) {
  // Linking a page that is linked already would make a circle of the list.
  if (OnPcpList(pfn)) BUG(kTpBugListCorruption, pfn);
  const uint32_t zone_index = PageAt(pfn).zone;
  const uint32_t cpu = smp_processor_id();
  per_cpu_pages& pcp = PcpOf(zone_index, cpu);
  pcp.pfn[pcp.count] = pfn.v;
  pcp.order[pcp.count] = static_cast<uint8_t>(order);
  pcp.mt[pcp.count++] = mt;
  for (uint32_t i = 0; i < (1u << order); ++i) SetOwner(pfn + i, kPcp);
  sim::record(kTpPcpCommit, pfn.v, cpu, pcp.count);
  const uint32_t pindex = order_to_pindex(mt, order);
  // Chunks of several pages are not kept while others are passed on.
  if (pcp.free_factor != 0 && order != 0) return free_pcppages_bulk(pcp, PagesOf(pcp), pindex);
  const uint32_t high = mm().pcp_disabled == zone_index + 1 ? 0 : mm().pcp_high + 1u;
  if (PagesOf(pcp) >= high) free_pcppages_bulk(pcp, nr_pcp_free(pcp, high), pindex);
}

Pfn rmqueue_pcplist(uint32_t zone_index, migratetype mt, uint32_t order) {
  per_cpu_pages& pcp = PcpOf(zone_index, smp_processor_id());
  pcp.free_factor >>= 1;
  for (uint32_t i = pcp.count; i-- > 0;) {
    if (pcp.mt[i] != mt || pcp.order[i] != order) continue;
    const Pfn pfn{pcp.pfn[i]};
    Remove(pcp, i);
    pfn_to_page(pfn);
    return pfn;
  }
  return Pfn{kNoPfn};
}

void zone_pcp_reset(uint32_t zone_index) {
  for (per_cpu_pages& pcp : mm().pcp[zone_index]) pcp.free_factor = 0;
}

namespace {

void DrainPages(uint32_t zone_index) {
  for (uint32_t cpu = 0; cpu < kNrCpus; ++cpu) {
    per_cpu_pages& pcp = PcpOf(zone_index, cpu);
    const uint32_t nr = pcp.count;
    if (nr == 0) continue;
    free_pcppages_bulk(pcp, PagesOf(pcp), 0);
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
