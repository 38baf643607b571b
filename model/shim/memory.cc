// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pages, nodes, notifiers and hotplug for C code: mm's functions, with what C hands over checked
// before it gets there. Nonsense that the kernel answers with an errno is answered with it.
#include "model/mm/memory.h"

#include <algorithm>
#include <array>

#include "model/mm/hotplug.h"
#include "model/mm/isolation.h"
#include "model/mm/page.h"
#include "model/mm/services.h"
#include "model/mm/tracepoints.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

using mm::BlockId;
using mm::NodeId;
using mm::Pfn;

// As vocabulary has them (memory.h).
constexpr uint64_t kPageOffset = 0xc000000000000000;
constexpr uint64_t kVmemmap = 0xf000000000000000;
constexpr uint64_t kStructPage = 64;

// ---- Pages ----

// A pfn of this machine; an access to the memmap of another one is an oops.
Pfn PfnOf(const hotplug_site* at, unsigned long pfn) {
  const Pfn p{static_cast<uint32_t>(pfn)};
  if (p.v == pfn && mm::PfnExists(p)) return p;
  Inside::Blame(at->function);
  mm::Report(mm::KernelReport::kOops, Pfn{mm::kNoPfn}, false);
  sim::dead(mm::kTpOops, static_cast<uint32_t>(std::min<unsigned long>(pfn, mm::kNoPfn)));
}

long Get(Pfn pfn) {
  mm::pfn_to_page(pfn);
  const bool got = mm::get_page_unless_zero(pfn);
  sim::sched_point(mm::kTpPageRefInc, pfn.v, static_cast<uint32_t>(mm::PageAt(pfn).refcount));
  return got ? 1 : 0;
}

void Put(Pfn pfn) {
  mm::pfn_to_page(pfn);
  mm::put_page(pfn);
  sim::sched_point(mm::kTpPutPage, pfn.v, static_cast<uint32_t>(mm::PageAt(pfn).refcount));
}

// Pages that the host has not given must not get into the buddy.
void Online(Pfn pfn, uint32_t order) {
  if (!IsPluggedIn(pfn, 1u << order)) mm::NoteTrespass(mm::kGivenBack, pfn, mm::GhostAt(pfn).owner);
  mm::generic_online_page(pfn, order);
}

long Page(const hotplug_site* at, hotplug_page_op op, unsigned long number, int arg) {
  if (op == HOTPLUG_IS_ONLINE) {
    const Pfn p{static_cast<uint32_t>(number)};
    return p.v == number && mm::pfn_to_online_page(p) != nullptr ? 1 : 0;
  }
  const Pfn pfn = PfnOf(at, number);
  if (op < HOTPLUG_IS_OFFLINE) EnterLoop(at, Context::kAny);
  switch (op) {
    case HOTPLUG_SET_OFFLINE:
      mm::__SetPageOffline(pfn);
      return 0;
    case HOTPLUG_CLEAR_OFFLINE:
      mm::__ClearPageOffline(pfn);
      return 0;
    case HOTPLUG_REF_INC:
      mm::page_ref_inc(pfn);
      return 0;
    case HOTPLUG_REF_DEC:
      mm::page_ref_dec(pfn);
      return 0;
    case HOTPLUG_REF_FREEZE:
      return mm::page_ref_freeze(pfn, arg) ? 1 : 0;
    case HOTPLUG_REF_UNFREEZE:
      mm::page_ref_unfreeze(pfn, arg);
      return 0;
    case HOTPLUG_GET:
      return Get(pfn);
    case HOTPLUG_PUT:
      Put(pfn);
      return 0;
    case HOTPLUG_SET_DIRTY:
      mm::SetPageFlag(pfn, mm::kFlagDirty, true);
      return 0;
    case HOTPLUG_CLEAR_DIRTY:
      mm::SetPageFlag(pfn, mm::kFlagDirty, false);
      return 0;
    case HOTPLUG_CLEAR_RESERVED:
      mm::SetPageFlag(pfn, mm::kFlagReserved, false);
      return 0;
    case HOTPLUG_ONLINE:
      Online(pfn, static_cast<uint32_t>(arg));
      return 0;
    case HOTPLUG_ADJUST_MANAGED:
      mm::adjust_managed_page_count(pfn, arg);
      return 0;
    case HOTPLUG_IS_DIRTY:
      return (mm::pfn_to_page(pfn).flags & mm::kFlagDirty) != 0 ? 1 : 0;
    case HOTPLUG_ZONE:
      return mm::KindOf(mm::pfn_to_page(pfn).zone);
    case HOTPLUG_CLEAR:
      mm::clear_page(pfn);
      return 0;
    case HOTPLUG_IS_OFFLINE:
      return mm::PageOffline(mm::pfn_to_page(pfn)) ? 1 : 0;
    case HOTPLUG_COUNT:
      return mm::pfn_to_page(pfn).refcount;
    case HOTPLUG_NID:
      return mm::pfn_to_page(pfn).zone / mm::MAX_NR_ZONES;
    case HOTPLUG_IS_ONLINE:
      break;
  }
  HOTPLUG_CHECK(!"an operation on pages that there is not");
  return 0;
}

// Says that a call fails which a real machine might carry out.
void SayNotSimulated(const char* what) {
  const uint32_t text =
      Inside::Text(std::string("hotplug-fuzz: ") + what + " is not simulated and fails");
  sim::sched_point(kTpPrintk, text);
}

// Each range that a driver takes in a run is remembered.
bool IsRangeLeft() {
  if (mm::ledger().nr_instances < kMaxInstances) return true;
  SayNotSimulated("taking memory that often in one run");
  return false;
}

// The range belongs to the driver from here on. Whether it has written that down is looked at
// where it matters (Ranges()).
long ContigAlloc(const hotplug_site* at, unsigned long nr, int nid) {
  Enter(at, Context::kSleeps);
  if (nr == 0 || nid >= static_cast<int>(kMaxNodes)) {
    sim::sched_point(mm::kTpContigFailed, static_cast<uint32_t>(nid));
    return -1;
  }
  if (nr % mm::PagesPerBlock() != 0) {
    SayNotSimulated("alloc_contig_pages() of a part of a memory block");
    return -1;
  }
  if (!IsRangeLeft()) return -1;
  const Pfn base = mm::alloc_contig_pages(nr, NodeId{static_cast<uint32_t>(std::max(nid, 0))});
  if (base.v == mm::kNoPfn) return -1;
  mm::ClaimRange(base, static_cast<uint32_t>(nr));
  return static_cast<long>(base.v);
}

// Of the device's memory: what is taken out of it is taken by its owner.
int ContigRange(const hotplug_site* at, unsigned long start, unsigned long end) {
  Enter(at, Context::kSleeps);
  if (start >= end) return -EINVAL;
  for (unsigned long pfn = start; pfn < end; ++pfn) PfnOf(at, pfn);
  const Pfn first{static_cast<uint32_t>(start)};
  const bool of_device = mm::BlockAt(mm::BlockOf(first)).of_device != 0;
  return mm::alloc_contig_range(first, Pfn{static_cast<uint32_t>(end)},
                                of_device ? mm::OwnerOfDevice() : mm::kNobody);
}

void ContigFree(const hotplug_site* at, unsigned long pfn, unsigned long nr) {
  Enter(at, Context::kSleeps);
  for (unsigned long i = 0; i < nr; ++i) PfnOf(at, pfn + i);
  const Pfn first{static_cast<uint32_t>(pfn)};
  const bool of_device = nr != 0 && mm::BlockAt(mm::BlockOf(first)).of_device != 0;
  for (uint32_t i = 0; of_device && i < nr; ++i) mm::DriverAccess(first + i);
  mm::free_contig_range(first, static_cast<uint32_t>(nr),
                        of_device ? mm::OwnerOfDevice() : mm::kNobody);
}

int SetOnlinePage(const hotplug_site* at, void (*callback)(::page*, unsigned int), int sets) {
  EnterStep(at, Context::kSleeps);
  State& s = state();
  uint8_t& is_set = mm::mm().online_page_callback;
  if (is_set != (sets != 0 ? 0 : 1)) return -EINVAL;
  if (sets == 0 && s.online_page != callback) return -EINVAL;
  s.online_page = sets != 0 ? callback : nullptr;
  is_set = sets != 0 ? 1 : 0;
  return 0;
}

// ---- Nodes ----

int NodeOf(uint64_t start) {
  const BlockId block{static_cast<uint32_t>(start >> kBlockShift)};
  return mm::BlockExists(block) ? mm::BlockAt(block).nid : 0;
}

unsigned long Node(unsigned int nid, hotplug_node_fact fact) {
  if (nid >= kMaxNodes) return 0;
  switch (fact) {
    case HOTPLUG_NODE_ONLINE:
      return mm::mm().nodes[nid].online;
    case HOTPLUG_START_PFN:
      return mm::node_start_pfn(NodeId{nid});
    case HOTPLUG_END_PFN:
      return mm::node_end_pfn(NodeId{nid});
  }
  return 0;
}

// ---- Hotplug ----

// Whole blocks that the machine could have.
struct Blocks {
  bool valid = false;
  BlockId start{};
  uint32_t nr = 0;
};

Blocks BlocksOf(uint64_t start, uint64_t size) {
  Blocks b;
  if (size == 0 || start % kBlockBytes != 0 || size % kBlockBytes != 0) return b;
  if (start >> kBlockShift > UINT32_MAX || size >> kBlockShift > kMaxBlocks) return b;
  b.start = BlockId{static_cast<uint32_t>(start >> kBlockShift)};
  b.nr = static_cast<uint32_t>(size >> kBlockShift);
  b.valid = true;
  for (uint32_t i = 0; i < b.nr; ++i) b.valid = b.valid && mm::BlockExists(b.start + i);
  return b;
}

Pfn FirstPfnOf(uint64_t start) { return Pfn{static_cast<uint32_t>(start >> mm::PageShift())}; }

// Neither the driver's already, nor of its device.
bool IsOfOthers(BlockId b) {
  return mm::BlockGhostAt(b).claimed == 0 && mm::BlockAt(b).of_device == 0;
}

int CallRemove(hotplug_memory_op op, const Blocks& b) {
  if (op == HOTPLUG_REMOVE) return mm::remove_memory(b.start, b.nr);
  if (op == HOTPLUG_OFFLINE_REMOVE) return mm::offline_and_remove_memory(b.start, b.nr);
  mm::__remove_memory(b.start, b.nr);
  return 0;
}

// What a driver removes is its own, until it is added again.
int Remove(hotplug_memory_op op, const Blocks& b) {
  bool of_others = false;
  for (uint32_t i = 0; i < b.nr; ++i) of_others = of_others || IsOfOthers(b.start + i);
  if (of_others && !IsRangeLeft()) return -EBUSY;
  const int rc = CallRemove(op, b);
  for (uint32_t i = 0; i < b.nr; ++i) {
    const bool removed = mm::BlockGhostAt(b.start + i).phase == mm::Phase::kAbsent;
    if (removed && IsOfOthers(b.start + i)) mm::ClaimRemoved(b.start + i);
  }
  return rc;
}

int OnBlocks(hotplug_memory_op op, int nid, uint64_t start, uint64_t size) {
  const Blocks b = BlocksOf(start, size);
  if (!b.valid) return -EINVAL;
  const NodeId node{static_cast<uint32_t>(nid)};
  switch (op) {
    case HOTPLUG_ADD:
    case HOTPLUG_ADD_LOCKED:
      if (node.v >= kMaxNodes) return -EINVAL;
      return op == HOTPLUG_ADD ? mm::add_memory(node, b.start, b.nr)
                               : mm::__add_memory(node, b.start, b.nr);
    default:
      return Remove(op, b);
  }
}

int MemhpAutoOnline() { return mm::memhp_auto_online() ? 1 : 0; }

// More blocks than any machine has: one of them is missing.
int OfflinePages(uint64_t pfn, uint64_t nr_pages) {
  const Pfn first{static_cast<uint32_t>(std::min<uint64_t>(pfn, mm::kNoPfn))};
  const uint64_t nr_blocks = nr_pages / mm::PagesPerBlock();
  return mm::offline_pages(mm::BlockOf(first),
                           static_cast<uint32_t>(std::min<uint64_t>(nr_blocks, kMaxBlocks + 1)));
}

// The first answer that is not 0 of f(), for the blocks with some of a range of addresses.
template <class F>
int FirstOfBlocks(uint64_t start, uint64_t size, F f) {
  for (uint32_t index = 0; index < mm::mm().nr_blocks; ++index) {
    const BlockId block = mm::BlockNumber(index);
    const uint64_t address = uint64_t{block.v} << kBlockShift;
    const bool begins = address - start < size;
    if (!begins && (size == 0 || start - address >= kBlockBytes)) continue;
    if (const int rc = f(block); rc != 0) return rc;
  }
  return 0;
}

int HasMemory(uint64_t start, uint64_t size) {
  return FirstOfBlocks(start, size, [](BlockId b) { return mm::BlockAt(b).resource != 0 ? 1 : 0; });
}

int OnDevice(hotplug_memory_op op, uint64_t start) {
  const BlockId block{static_cast<uint32_t>(start >> kBlockShift)};
  if (!mm::Present(block)) return -ENODEV;
  return op == HOTPLUG_DEVICE_ONLINE ? mm::device_online(block) : mm::device_offline(block);
}

int Memory(const hotplug_site* at, hotplug_memory_op op, int nid, uint64_t start, uint64_t size) {
  Enter(at, Context::kSleeps);
  const auto nr_pages = static_cast<uint32_t>(size >> mm::PageShift());
  switch (op) {
    case HOTPLUG_CREATE_MAPPING:
      return mm::arch_create_linear_mapping(FirstPfnOf(start), nr_pages);
    case HOTPLUG_REMOVE_MAPPING:
      mm::arch_remove_linear_mapping(FirstPfnOf(start), nr_pages);
      return 0;
    case HOTPLUG_HAS_MEMORY:
      return HasMemory(start, size);
    case HOTPLUG_OFFLINE_PAGES:
      return OfflinePages(start, size);
    case HOTPLUG_DEVICE_ONLINE:
    case HOTPLUG_DEVICE_OFFLINE:
      return OnDevice(op, start);
    case HOTPLUG_LOCK_HOTPLUG:
      mm::lock_device_hotplug();
      return 0;
    case HOTPLUG_UNLOCK_HOTPLUG:
      mm::unlock_device_hotplug();
      return 0;
    default:
      return OnBlocks(op, nid, start, size);
  }
}

// The block as C sees it when the walk comes to it. What C writes to its state is the state.
int OnBlock(BlockId block, void* arg, int (*func)(::memory_block*, void*)) {
  const mm::memory_block& mem = mm::BlockAt(block);
  ::memory_block& c = state().blocks[mm::BlockIndex(block)];
  const uint32_t before = mem.state;
  c = ::memory_block{
      block.v, before, mem.online_type, mem.nid, {"memory", c.dev.driver_data, block.v}};
  const int rc = func(&c, arg);
  if (c.state != before) {
    mm::SetState(block, static_cast<uint32_t>(c.state));
    mm::preempt_point(mm::kTpBlockState, block.v, mem.state);
  }
  return rc;
}

int Walk(const hotplug_site* at, uint64_t start, uint64_t size, void* arg,
         int (*func)(::memory_block*, void*)) {
  EnterStep(at, Context::kSleeps);
  return FirstOfBlocks(start, size, [arg, func](BlockId block) {
    return mm::Present(block) ? OnBlock(block, arg, func) : 0;
  });
}

// ---- Notifiers ----

Notifier* Find(const ::notifier_block* c) {
  for (Notifier& n : state().notifiers) {
    if (n.c == c) return &n;
  }
  return nullptr;
}

int Register(::notifier_block* c) {
  if (Notifier* twice = Find(c)) return mm::register_memory_notifier(twice->nb);
  Notifier* n = Find(nullptr);
  HOTPLUG_CHECK(n != nullptr);
  n->c = c;
  n->nb = mm::notifier_block{};
  n->nb.priority = c->priority;
  n->nb.notifier_call = mm::kDriverCall;
  n->nb.name = mm::kDriverName;
  n->nb.data = static_cast<uint16_t>(n - state().notifiers.data());
  return mm::register_memory_notifier(n->nb);
}

int NotifierCall(const hotplug_site* at, ::notifier_block* c, int registers) {
  Enter(at, Context::kSleeps);
  if (registers != 0) {
    Inside::NameCallback(reinterpret_cast<uintptr_t>(c->notifier_call));
    return Register(c);
  }
  Notifier* n = Find(c);
  if (n == nullptr) {
    sim::sched_point(mm::kTpUnregister, mm::kDriverName, static_cast<uint32_t>(-ENOENT));
    return -ENOENT;
  }
  const int rc = mm::unregister_memory_notifier(n->nb);
  n->c = nullptr;
  return rc;
}

// ---- What the driver has written down ----

// Whether a word of the memory has some property.
template <class F>
bool AnyWord(const void* from, size_t bytes, F matches) {
  const auto* words = static_cast<const uint64_t*>(from);
  return std::any_of(words, words + bytes / sizeof(uint64_t), matches);
}

// What the driver can get at: its static data, and the objects of kmalloc that something there, or
// in another one of these, points into. As kmemleak does it: any word may be a pointer.
class Reachable {
 public:
  Reachable() {
    while (Grow()) {
    }
  }

  template <class F>
  bool Any(F matches) const {
    if (AnyStatic(matches)) return true;
    for (uint32_t i = 0; i < mm::mm().nr_heap_objects; ++i) {
      const mm::heap_object& o = mm::mm().heap_objects[i];
      if (reached_[i] && AnyWord(Bytes(o), o.size, matches)) return true;
    }
    return false;
  }

 private:
  // Without what is ours in it: the table, and the places of calls, which have small numbers.
  template <class F>
  static bool AnyStatic(F matches) {
    const Image& image = Inside::image();
    const auto kernel = reinterpret_cast<uintptr_t>(image.module.kernel);
    const auto sites = reinterpret_cast<uintptr_t>(image.module.sites);
    const size_t sites_bytes = image.module.nr_sites * sizeof(hotplug_site);
    return AnyWord(image.data, image.data_bytes, [&](const uint64_t& w) {
      const auto at = reinterpret_cast<uintptr_t>(&w);
      return at - kernel >= sizeof(hotplug_kernel) && at - sites >= sites_bytes && matches(w);
    });
  }

  static const uint8_t* Bytes(const mm::heap_object& o) { return state().heap.data() + o.start; }

  bool Grow() {
    bool grew = false;
    for (uint32_t i = 0; i < mm::mm().nr_heap_objects; ++i) {
      const mm::heap_object& o = mm::mm().heap_objects[i];
      const auto start = reinterpret_cast<uintptr_t>(Bytes(o));
      if (reached_[i] || o.live == 0) continue;
      reached_[i] = Any([start, &o](uint64_t w) { return w - start < o.size; });
      grew = grew || reached_[i];
    }
    return grew;
  }

  std::array<bool, kMaxHeapObjects> reached_{};
};

// A range is known if a word says where it begins, in any of the ways in which the kernel says
// that. A small pfn may be any number: nothing is missed that is there, and a leak may be.
bool Known(const Reachable& memory, Pfn base) {
  const uint64_t physical = mm::PFN_PHYS(base);
  return memory.Any([base, physical](uint64_t w) {
    return w == physical || w == kPageOffset + physical || w == kVmemmap + base.v * kStructPage ||
           w == base.v;
  });
}

}  // namespace

int32_t Notify(const mm::notifier_block& nb, uint32_t action, const mm::memory_notify_arg& arg) {
  ::notifier_block* c = state().notifiers[nb.data].c;
  ::memory_notify notify{arg.start_pfn.v, arg.nr_pages, arg.status_change_nid_normal, -1,
                         arg.status_change_nid};
  const uint16_t outer = sim::current().call;
  const int32_t answer = c->notifier_call(c, action, &notify);
  sim::current().call = outer;
  return answer;
}

void OnlinePage(Pfn pfn, uint32_t order) {
  const uint16_t outer = sim::current().call;
  state().online_page(reinterpret_cast<::page*>(kVmemmap + pfn.v * kStructPage), order);
  sim::current().call = outer;
}

bool RegisteredWithin(uintptr_t begin, uintptr_t end) {
  const auto& all = state().notifiers;
  return std::any_of(all.begin(), all.end(), [begin, end](const Notifier& n) {
    return n.c != nullptr && reinterpret_cast<uintptr_t>(n.c) - begin < end - begin;
  });
}

uint32_t Ranges(drivers::Range* out, uint32_t max) {
  const mm::Ledger& l = mm::ledger();
  const auto held = [](const mm::InstanceGhost& g) { return g.claimed != 0 && g.released == 0; };
  if (std::none_of(l.instances.begin(), l.instances.begin() + l.nr_instances, held)) return 0;
  const Reachable memory;
  uint32_t n = 0;
  for (uint32_t i = 0; i < l.nr_instances && n < max; ++i) {
    const mm::InstanceGhost& g = l.instances[i];
    if (g.device != 0) out[n++] = {Pfn{g.base}, g.nr};
    if (g.device == 0 && held(g) && Known(memory, Pfn{g.base})) out[n++] = {Pfn{g.base}, g.nr};
  }
  return n;
}

void FillMemory(hotplug_kernel* k) {
  k->notifier = &NotifierCall;
  k->page = &Page;
  k->contig_alloc = &ContigAlloc;
  k->contig_range = &ContigRange;
  k->contig_free = &ContigFree;
  k->online_page_callback = &SetOnlinePage;
  k->node_of = &NodeOf;
  k->memory = &Memory;
  k->memhp_auto_online = &MemhpAutoOnline;
  k->walk = &Walk;
  k->node = &Node;
}

}  // namespace hotplug::shim
