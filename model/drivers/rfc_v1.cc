// SPDX-License-Identifier: GPL-2.0-or-later
//
// memtrace as the RFC of 2019-12-17 has it, and as it becomes with corrections that suggest
// themselves: contiguous pages, marked PageOffline, taken from Linux block by block while a
// temporary notifier drops and retakes their references.
//
// There is one text of the algorithm. What its variants change are switches, a row for each; code
// reads a switch and never a driver's name. With all switches off the behaviour is the RFC's to
// the letter (kernel-facts 6.1, 6.1b), so that what is wrong with it is wrong here: the callback's
// flag is one static variable of the module, nothing resets it when a block has gone offline, the
// refusal of re-onlining uses the wrong errno helper, and no lock orders two writers of `enable`.
#include <algorithm>

#include "model/drivers/memtrace.h"
#include "model/mm/hotplug.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"

namespace hotplug::drivers {

namespace {

using mm::BlockId;
using mm::NodeId;
using mm::Pfn;

// ---- The variants -----------------------------------------------------------------------

// What the flag belongs to by which the callback knows that it has dropped references.
enum class Flag : uint8_t { kModule, kCall, kBlock };

// Where device_hotplug_lock is held.
enum class Lock : uint8_t {
  kCore,   // in offline_and_remove_memory() and its like, and nowhere else
  kBlock,  // while a block is offlined and removed, so that it is known who does it
  kCall,   // from the marking of the pages to the end of the error path (A3 to E3)
};

struct Variant {
  const char* name;
  const char* sentence;

  bool from_errno;   // onlining is refused by notifier_from_errno()
  Flag flag;         // with kBlock the call itself looks after a flag whose end was not told
  bool clear_flag;   // MEM_OFFLINE clears it, too
  bool veto_others;  // offlining by anybody else is refused
  Lock lock;
  bool freeze;  // page_ref_freeze() drops references: a page that somebody holds refuses
  bool retry;   // memory comes back block by block; what does not is kept for the next write
};

enum Row : uint32_t { kPosted, kErrnoFlag, kVeto, kLocked, kVetoFrozen, kLockedFrozen };

// clang-format off
constexpr Variant kVariants[] = {
    {.name = "rfc_v1",
     .sentence = "powerpc/memtrace as posted in the RFC v1 of 2019-12-17",
     .from_errno = false, .flag = Flag::kModule, .clear_flag = false,
     .veto_others = false, .lock = Lock::kCore, .freeze = false, .retry = false},
    {.name = "rfc_errno_flag",
     .sentence = "the RFC with the right errno helper and a flag of the call, cleared on OFFLINE",
     .from_errno = true, .flag = Flag::kCall, .clear_flag = true,
     .veto_others = false, .lock = Lock::kCore, .freeze = false, .retry = false},
    {.name = "rfc_veto",
     .sentence = "rfc_errno_flag, and the callback refuses offlining by anybody else",
     .from_errno = true, .flag = Flag::kCall, .clear_flag = true,
     .veto_others = true, .lock = Lock::kBlock, .freeze = false, .retry = false},
    {.name = "rfc_locked",
     .sentence = "the RFC with device_hotplug_lock held to the end of its error path",
     .from_errno = false, .flag = Flag::kModule, .clear_flag = false,
     .veto_others = false, .lock = Lock::kCall, .freeze = false, .retry = false},
    {.name = "rfc_veto_frozen",
     .sentence = "rfc_veto with frozen references, a flag for each block, and adding back retried",
     .from_errno = true, .flag = Flag::kBlock, .clear_flag = true,
     .veto_others = true, .lock = Lock::kBlock, .freeze = true, .retry = true},
    {.name = "rfc_locked_frozen",
     .sentence = "rfc_locked with frozen references, a flag for each block, and adding back retried",
     .from_errno = false, .flag = Flag::kBlock, .clear_flag = true,
     .veto_others = false, .lock = Lock::kCall, .freeze = true, .retry = true},
};
// clang-format on

struct CallInfo {
  memtrace::AllocInfo range;
  uint64_t going_offline;  // the flag; with Flag::kBlock a bit for each block
  uint64_t offliner;       // 1 while this call offlines a block; under device_hotplug_lock
};

struct State {
  memtrace::Module module;
  uint64_t going_offline;  // static in the callback
  uint64_t row;            // of kVariants
  CallInfo info[kMaxTasks];
  // By index of the block: 1 + its node, for what could not be added back.
  uint8_t retry[kMaxBlocks];
};

State& state() { return *sim::machine->Get<State>(kDriverRegion); }
const Variant& variant() { return kVariants[state().row]; }

template <Row kRow>
void Init() {
  sim::machine->Carve<State>(kDriverRegion, 1, true)->row = kRow;
}

// ---- The callback -----------------------------------------------------------------------

uint64_t& FlagWord(CallInfo& info) {
  return variant().flag == Flag::kModule ? state().going_offline : info.going_offline;
}
uint64_t FlagBit(const CallInfo& info, Pfn pfn) {
  const uint32_t block = mm::BlockOf(pfn).v - mm::BlockOf(Pfn{info.range.base_pfn}).v;
  return uint64_t{1} << (variant().flag == Flag::kBlock ? block : 0);
}
bool GoingOffline(CallInfo& info, Pfn pfn) { return (FlagWord(info) & FlagBit(info, pfn)) != 0; }
void SetGoingOffline(CallInfo& info, Pfn pfn) { FlagWord(info) |= FlagBit(info, pfn); }
void ClearGoingOffline(CallInfo& info, Pfn pfn) { FlagWord(info) &= ~FlagBit(info, pfn); }

void Retake(Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end; ++pfn) {
    if (variant().freeze) {
      mm::page_ref_unfreeze(pfn, 1);
    } else {
      mm::page_ref_inc(pfn);
    }
  }
}

// Drops the references of [start, end); false, and none is dropped, if one cannot be frozen.
bool Drop(Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end; ++pfn) {
    if (!variant().freeze) {
      mm::page_ref_dec(pfn);
    } else if (!mm::page_ref_freeze(pfn, 1)) {
      Retake(start, pfn);
      return false;
    }
  }
  return true;
}

int32_t GoingOfflineAnswer(CallInfo& info, Pfn start, Pfn end) {
  if (variant().veto_others && info.offliner == 0) return mm::notifier_from_errno(-EBUSY);
  if (!Drop(start, end)) return mm::notifier_from_errno(-EBUSY);
  SetGoingOffline(info, start);
  return mm::NOTIFY_OK;
}

int32_t memtrace_memory_notifier_cb(const mm::notifier_block& nb, uint32_t action,
                                    const mm::memory_notify_arg& arg) {
  CallInfo& info = state().info[nb.data];
  const Pfn start{std::max(info.range.base_pfn, arg.start_pfn.v)};
  const Pfn end{
      std::min(info.range.base_pfn + info.range.nr_pages, arg.start_pfn.v + arg.nr_pages)};
  if (!(start < end)) return mm::NOTIFY_OK;

  switch (action) {
    case mm::MEM_GOING_OFFLINE:
      return GoingOfflineAnswer(info, start, end);
    case mm::MEM_CANCEL_OFFLINE:
      if (GoingOffline(info, start)) Retake(start, end);
      ClearGoingOffline(info, start);
      break;
    case mm::MEM_OFFLINE:
      if (variant().clear_flag) ClearGoingOffline(info, start);
      break;
    case mm::MEM_GOING_ONLINE:
      return variant().from_errno ? mm::notifier_from_errno(-EBUSY) : mm::notifier_to_errno(-EBUSY);
    default:
      break;
  }
  return mm::NOTIFY_OK;
}

// ---- Giving memory back -----------------------------------------------------------------

void LockCall() {
  if (variant().lock == Lock::kCall) mm::lock_device_hotplug();
}
void UnlockCall() {
  if (variant().lock == Lock::kCall) mm::unlock_device_hotplug();
}

// Between LockCall() and UnlockCall().
int AddRange(NodeId nid, BlockId first, uint32_t nr_blocks) {
  if (variant().lock != Lock::kCall) return memtrace::AddAndOnline(nid, first, nr_blocks);
  const int rc = mm::__add_memory(nid, first, nr_blocks);
  if (rc == 0) memtrace::OnlineBlocks(first, nr_blocks);
  return rc;
}

// Adds a block back, or keeps it for the next write.
void AddOrKeep(NodeId nid, BlockId block) {
  const bool back = AddRange(nid, block, 1) == 0;
  state().retry[mm::BlockIndex(block)] = static_cast<uint8_t>(back ? 0 : nid.v + 1);
  if (back) return;
  mm::ClaimBlock(block);
  mm::printk(kTpLogAddFailed, nid.v);
}

// 0, or an errno, and none of it is back. A block that is kept is no concern of the caller's.
int AddBack(NodeId nid, Pfn start, uint32_t nr_pages) {
  const BlockId first = mm::BlockOf(start);
  const uint32_t nr_blocks = nr_pages / mm::PagesPerBlock();
  if (!variant().retry) return AddRange(nid, first, nr_blocks);
  for (uint32_t i = 0; i < nr_blocks; ++i) AddOrKeep(nid, first + i);
  return 0;
}

void RetryKept() {
  LockCall();
  for (uint32_t i = 0; i < mm::mm().nr_blocks; ++i) {
    const uint8_t kept = state().retry[i];
    if (kept != 0) AddOrKeep(NodeId{kept - 1u}, mm::BlockNumber(i));
  }
  UnlockCall();
}

bool KeepsAny() {
  return std::any_of(std::begin(state().retry), std::end(state().retry),
                     [](uint8_t kept) { return kept != 0; });
}

int memtrace_free_node(NodeId nid, Pfn start, uint32_t nr_pages) {
  LockCall();
  const int rc = AddBack(nid, start, nr_pages);
  UnlockCall();
  return rc;
}

// ---- Taking it --------------------------------------------------------------------------

// The end of an operation may have been kept from the callback, by somebody's NOTIFY_STOP; but
// who offlines knows how it ended.
void SettleFlag(CallInfo& info, BlockId block, bool offline) {
  const Pfn start = mm::FirstPfn(block);
  if (!offline && GoingOffline(info, start)) Retake(start, start + mm::PagesPerBlock());
  ClearGoingOffline(info, start);
}

int OfflineAndRemove(CallInfo& info, BlockId block) {
  const Variant& v = variant();
  if (v.lock == Lock::kCore) return mm::offline_and_remove_memory(block);
  if (v.lock == Lock::kBlock) mm::lock_device_hotplug();
  info.offliner = 1;
  const int rc = mm::device_offline(block);
  info.offliner = 0;
  if (v.flag == Flag::kBlock) SettleFlag(info, block, rc >= 0);
  if (rc >= 0) mm::__remove_memory(block, 1);
  if (v.lock == Lock::kBlock) mm::unlock_device_hotplug();
  return std::min(rc, 0);
}

// Steps A3 to E3: true if all of the range has been removed; else it is Linux's again.
bool Remove(NodeId nid, Pfn base, uint32_t nr_pages) {
  const Pfn end = base + nr_pages;
  CallInfo& info = state().info[sim::current_task().v];
  memtrace::PrepareInfo(&info.range, base, nr_pages);
  info.going_offline = 0;

  for (Pfn pfn = base; pfn < end; ++pfn) mm::__SetPageOffline(pfn);
  mm::register_memory_notifier(info.range.memory_notifier);
  Pfn to_remove = base;
  while (to_remove < end && OfflineAndRemove(info, mm::BlockOf(to_remove)) == 0) {
    to_remove = to_remove + mm::PagesPerBlock();
  }
  mm::unregister_memory_notifier(info.range.memory_notifier);
  if (to_remove == end) {
    mm::ClaimRange(base, nr_pages);
    return true;
  }
  if (to_remove != base && AddBack(nid, base, to_remove - base) != 0) {
    mm::printk(kTpLogAddFailed, nid.v);
  }
  memtrace::FreePages(to_remove, end);
  return false;
}

Pfn memtrace_alloc_node(NodeId nid, uint64_t nr_pages) {
  if (!mm::node_spanned_pages(nid)) return Pfn{mm::kNoPfn};
  const Pfn base = mm::alloc_contig_pages(nr_pages, nid);
  if (base.v == mm::kNoPfn) return base;
  LockCall();
  const bool removed = Remove(nid, base, static_cast<uint32_t>(nr_pages));
  UnlockCall();
  return removed ? base : Pfn{mm::kNoPfn};
}

constexpr memtrace::Algorithm kAlgorithm = {&memtrace_alloc_node, &memtrace_free_node};

int memtrace_enable_set(uint64_t value) {
  if (!memtrace::IsSize(value)) return -EINVAL;
  if (KeepsAny()) RetryKept();
  if (memtrace::module().memtrace_size != 0 && memtrace::online(kAlgorithm) != 0) return -EAGAIN;
  if (KeepsAny()) return -EAGAIN;
  return value == 0 ? 0 : memtrace::reserve(value, kAlgorithm);
}

// The array's, and what is kept.
uint32_t Ranges(Range* out, uint32_t max) {
  uint32_t n = memtrace::Ranges(out, max);
  for (uint32_t i = 0; i < mm::mm().nr_blocks && n < max; ++i) {
    if (state().retry[i] == 0) continue;
    out[n++] = {mm::FirstPfn(mm::BlockNumber(i)), mm::PagesPerBlock()};
  }
  return n;
}

template <Row kRow>
constexpr Driver DriverOf() {
  return {
      kVariants[kRow].name,
      kVariants[kRow].sentence,
      "memtrace_memory_notifier_cb",
      &Init<kRow>,
      {&memtrace_enable_set, &memtrace::enable_get},
      &memtrace_memory_notifier_cb,
      &Ranges,
      memtrace::kTrace,
  };
}

}  // namespace

extern const Driver kRfcV1, kRfcErrnoFlag, kRfcVeto, kRfcLocked, kRfcVetoFrozen, kRfcLockedFrozen;
const Driver kRfcV1 = DriverOf<kPosted>();
const Driver kRfcErrnoFlag = DriverOf<kErrnoFlag>();
const Driver kRfcVeto = DriverOf<kVeto>();
const Driver kRfcLocked = DriverOf<kLocked>();
const Driver kRfcVetoFrozen = DriverOf<kVetoFrozen>();
const Driver kRfcLockedFrozen = DriverOf<kLockedFrozen>();

}  // namespace hotplug::drivers
