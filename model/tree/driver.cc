// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/tree/driver.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "model/mm/tracepoints.h"
#include "model/sim/sched.h"
#include "model/tree/entry.h"
#include "model/tree/host.h"
#include "model/tree/ledger.h"
#include "model/tree/view.h"
#include "model/tree/world.h"
#include "model/world/geometry.h"
#include "model/world/ledger.h"
#include "model/world/recorded.h"

namespace hotplug::tree {

namespace {

using world::BlockId;
using world::Pfn;

// A pfn of this machine.
Pfn MachinePfn(uint64_t pfn) {
  const Pfn p{static_cast<uint32_t>(pfn)};
  if (p.v == pfn && world::PfnExists(p)) return p;
  Die(ReportKind::kFault, 0, 0, "fault at the struct page of pfn " + std::to_string(pfn));
}

// True where a loop over pages makes a step.
bool AtPagePoint(Pfn pfn) {
  const bool fine = world::PagesPerBlock() <= kPagePointsUpTo;
  return ((pfn.v + 1) & (fine ? 0 : world::PagesPerPageblock() - 1)) == 0;
}

// The driver's code has changed a page.
void Changed(Pfn pfn, sim::Tp tp, int count) {
  world::Touch(pfn);
  if (!AtPagePoint(pfn)) return;
  sim::sched_point(tp, pfn.v, static_cast<uint32_t>(count));
  RunCurrentTask();
}

// ---- What it takes and gives back ----

// Each range that a driver takes in a run is remembered.
void CheckRangeIsLeft() {
  if (world::ledger().nr_instances < kMaxInstances) return;
  Die(ReportKind::kNotSimulated, 0, 0, "not simulated: taking memory that often in one run");
}

// The range is the driver's from here on. Whether it has written that down is looked at where it
// matters (DriverRanges()).
void Allocated(uint64_t pfn, uint64_t nr_pages) {
  const Pfn base = MachinePfn(pfn);
  const auto nr = static_cast<uint32_t>(nr_pages);
  if (nr % world::PagesPerBlock() != 0) {
    Die(ReportKind::kNotSimulated, 0, 0,
        "not simulated: alloc_contig_pages() of a part of a memory block");
  }
  CheckRangeIsLeft();
  const world::Owner owner = world::OwnerOf(world::NewInstance(base, nr));
  for (Pfn p = base; p < base + nr; ++p) world::SetOwner(p, owner);
  world::ClaimRange(base, nr);
}

void Marked(uint64_t pfn, int offline) {
  if (!InTask()) return;
  const Pfn p = MachinePfn(pfn);
  world::DriverAccess(p);
  Changed(p, offline != 0 ? mm::kTpSetPageOffline : mm::kTpClearPageOffline, PageAt(p).count);
}

void Managed(uint64_t pfn, int64_t nr_pages) {
  const uint64_t end = pfn + static_cast<uint64_t>(nr_pages < 0 ? -nr_pages : nr_pages);
  for (uint64_t p = pfn; p < end; ++p) {
    world::Touch(MachinePfn(p)).unmanaged = nr_pages < 0 ? 1 : 0;
  }
}

void Frees(uint64_t pfn, uint64_t nr_pages) {
  for (uint64_t p = pfn; p < pfn + nr_pages; p += world::PagesPerBlock()) {
    ReleaseBlock(world::BlockOf(MachinePfn(p)));
  }
  for (uint64_t p = pfn; p < pfn + nr_pages; ++p) world::DriverAccess(MachinePfn(p));
}

// What a driver removes is its own, until it is added again.
void Removed(uint64_t pfn, uint64_t nr_pages) {
  for (uint64_t p = pfn; p < pfn + nr_pages; p += world::PagesPerBlock()) {
    const BlockId block{static_cast<uint32_t>(p >> world::geometry().block_order)};
    if (!world::BlockExists(block) || BlockAt(block).state != WORLD_BLOCK_ABSENT) continue;
    if (world::BlockGhostAt(block).claimed != 0) continue;
    CheckRangeIsLeft();
    world::ClaimRemoved(block);
  }
}

// ---- Its notifiers ----

unsigned int OwnerNow(const void* callback) {
  const Symbol* symbol = world_of_machine().image().SymbolAt(reinterpret_cast<uintptr_t>(callback));
  const auto named = world_of_machine().bound().named;
  if (symbol != nullptr && named != nullptr) named(symbol->name);
  const uint8_t instance = world::ledger().instance_of[sim::current_task().v];
  return instance == 0 ? world::kNobody : world::OwnerOf(world::InstanceId{instance - 1u});
}

void Told(unsigned int owner, const world_notice* notice) {
  if (!InTask()) return;
  const Delivery d = DeliveryOf(*notice);
  BeginDelivery(d, world::kDriverName);
  world::BeginCallback(static_cast<world::Owner>(owner), d.action, false);
}

void Answered(unsigned int owner, const world_notice* notice, int answer) {
  if (!InTask()) return;
  const Delivery d = DeliveryOf(*notice);
  world::EndCallback(static_cast<world::Owner>(owner), d.action, d.arg, answer);
  NoteStop(d.action, answer);
  EndDelivery(d, world::kDriverName, answer);
}

// ---- Contents ----

void Cleared(uint64_t pfn) { world::NoteCleared(MachinePfn(pfn)); }

// As much of it as is the machine's.
void Seen(uint64_t start, uint64_t nr_pages, int mapped) {
  const sim::Tp tp = mapped != 0 ? mm::kTpRemap : mm::kTpReadBuffer;
  for (uint64_t p = start; p < start + nr_pages; ++p) {
    const Pfn pfn{static_cast<uint32_t>(p)};
    if (!world::PfnExists(pfn)) break;
    const uint64_t block = uint64_t{1} << world::BlockIndex(world::BlockOf(pfn));
    if (mapped != 0) state().user_mapped[sim::current_task().v] |= block;
    world::NoteSeen(pfn, tp);
  }
  sim::sched_point(tp, static_cast<uint32_t>(start), static_cast<uint32_t>(nr_pages));
  RunCurrentTask();
}

}  // namespace

world_driver_host DriverHost() {
  return {&Allocated,
          &Frees,
          Entry<&Marked>::Call,
          &Managed,
          &Removed,
          &OwnerNow,
          Entry<&Told>::Call,
          Entry<&Answered>::Call,
          &Cleared,
          Entry<&Seen>::Call};
}

bool IsOfDriver(const void* pc) {
  const auto* at = static_cast<const char*>(pc);
  return at >= kernel().driver && at < kernel().driver_end;
}

// A call is a byte, and how far it is from its end to the function.
bool DriverRemovesMemory(const world_exports& kernel) {
  constexpr int kCall = 5;
  for (const char* at = kernel.driver; at + kCall <= kernel.driver_end; ++at) {
    int32_t distance;
    std::memcpy(&distance, at + 1, sizeof(distance));
    const uintptr_t target =
        reinterpret_cast<uintptr_t>(at) + kCall + static_cast<uintptr_t>(distance);
    for (const void* const* f = kernel.removers; *f != nullptr && *at == '\xe8'; ++f) {
      if (target == reinterpret_cast<uintptr_t>(*f)) return true;
    }
  }
  return false;
}

void ReleaseBlock(BlockId block) {
  const uint64_t bit = uint64_t{1} << world::BlockIndex(block);
  const auto& all = state().user_mapped;
  world::Release(block, std::any_of(all.begin(), all.end(),
                                    [bit](uint64_t mapped) { return (mapped & bit) != 0; }));
}

void DriverReference(Pfn pfn, int delta, int count) {
  if (!InTask()) return;
  world::DriverAccess(pfn);
  world::PageGhost& page = world::GhostAt(pfn);
  // Within its callbacks (I9).
  if (page.owner != world::kNobody && page.owner == world::ActingOwner()) {
    page.dropped = static_cast<int8_t>(page.dropped - delta);
  }
  Changed(pfn, delta < 0 ? mm::kTpPageRefDec : mm::kTpPageRefInc, count);
}

// ---- What it has recorded ----

namespace {

using Words = std::vector<uint64_t>;

struct Object {
  uint64_t start;
  uint64_t size;
};

void Append(uint64_t from, uint64_t bytes, Words* words) {
  const auto* first = reinterpret_cast<const uint64_t*>(from);
  words->insert(words->end(), first, first + bytes / sizeof(uint64_t));
}

// Those that are in use, by address.
std::vector<Object> LiveObjects() {
  std::vector<Object> live;
  uint64_t size = 0;
  for (const void* o = kernel().next_object(nullptr, &size); o != nullptr;
       o = kernel().next_object(o, &size)) {
    if (size != 0) live.push_back({reinterpret_cast<uint64_t>(o), size});
  }
  return live;
}

// What the driver can get at: its static data, and the objects of kmalloc that something there, or
// in another one of these, points into. As kmemleak does it: any word may be a pointer.
Words ReachableWords() {
  Words words;
  const auto data = reinterpret_cast<uint64_t>(kernel().driver_data);
  Append(data, reinterpret_cast<uint64_t>(kernel().driver_data_end) - data, &words);
  std::vector<Object> objects = LiveObjects();
  for (size_t i = 0; i < words.size(); ++i) {
    const auto behind =
        std::upper_bound(objects.begin(), objects.end(), words[i],
                         [](uint64_t word, const Object& o) { return word < o.start; });
    if (behind == objects.begin()) continue;
    Object& o = *(behind - 1);
    if (words[i] - o.start >= o.size) continue;
    Append(o.start, o.size, &words);
    o.size = 0;  // once
  }
  return words;
}

// A range is known if a word says where it begins, in any of the ways in which the kernel says
// that. A small pfn may be any number: nothing is missed that is there, and a leak may be.
bool IsKnown(const Words& words, Pfn base) {
  uint64_t page = 0;
  uint64_t address = 0;
  kernel().page_names(base.v, &page, &address);
  const uint64_t names[] = {base.v, uint64_t{base.v} << world::PageShift(), page, address};
  return std::any_of(words.begin(), words.end(), [&names](uint64_t word) {
    return word != 0 && std::find(std::begin(names), std::end(names), word) != std::end(names);
  });
}

}  // namespace

uint32_t DriverRanges(world::Range* out, uint32_t max) {
  if (!world::AnyHolds()) return 0;
  const Words words = ReachableWords();
  return world::RecordedRanges(out, max, [&words](Pfn pfn) { return IsKnown(words, pfn); });
}

}  // namespace hotplug::tree
