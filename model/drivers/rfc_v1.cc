// SPDX-License-Identifier: GPL-2.0-or-later
//
// memtrace as the RFC of 2019-12-17 has it, and as it becomes with corrections that suggest
// themselves: contiguous pages, marked PageOffline, taken from Linux block by block while a
// temporary notifier drops and retakes their references.
//
// There is one text of the algorithm. What its variants change are fixes, a switch for each, and
// every other set of them can be asked for; code reads a switch and never a driver's name. With all
// switches off the behaviour is the RFC's to the letter (kernel-facts 6.1, 6.1b), so that what is
// wrong with it is wrong here: the callback's flag is one static variable of the module, no lock
// orders two writers of `enable`, and the callback itself (rfc_callback.h) is the RFC's.
#include <algorithm>

#include "model/drivers/memtrace.h"
#include "model/drivers/rfc_callback.h"
#include "model/mm/add_remove.h"
#include "model/mm/isolation.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "model/mm/resource.h"
#include "model/mm/zone.h"

namespace hotplug::drivers {

namespace {

using memtrace::Has;
using memtrace::OwnBit;
using mm::BlockId;
using mm::NodeId;
using mm::Pfn;

// ---- The variants -----------------------------------------------------------------------

// clang-format off
constexpr mm::Fix
    kErrno = {OwnBit(0), "errno", "the callback refuses onlining by notifier_from_errno()"},
    kCallFlag = {OwnBit(1), "call_flag", "the callback's flag belongs to the call"},
    kBlockFlag = {OwnBit(2), "block_flag",
        "there is a flag of each block, and the call itself ends what was not told"},
    kClearFlag = {OwnBit(3), "clear_flag", "MEM_OFFLINE clears the callback's flag, too"},
    kVeto = {OwnBit(4), "veto", "the callback refuses offlining by anybody else"},
    kFreeze = {OwnBit(5), "freeze",
        "references are dropped by page_ref_freeze(): a page that somebody holds refuses"},
    kLock = {OwnBit(6), "lock",
        "device_hotplug_lock is held from the marking of the pages to the end"},
    kLockAlloc = {OwnBit(7), "lock_alloc",
        "device_hotplug_lock is held from the allocation to the end"},
    kLockError = {OwnBit(8), "lock_error", "device_hotplug_lock is held over the error path"},
    kSkipOffline = {OwnBit(9), "skip_offline",
        "the error path frees no pages of blocks that are not online"},
    kRetry = {OwnBit(10), "retry",
        "what cannot be added back is kept, block by block, for the next write"},
    kReserve = {OwnBit(11), "reserve", "what is taken is reserved in the tree of resources"};

constexpr mm::Fix kFixes[] = {
    memtrace::kSizeFirst, memtrace::kMutex, memtrace::kFilesFirst, memtrace::kClear,
    memtrace::kAllNodes,
    kErrno, kCallFlag, kBlockFlag, kClearFlag, kVeto, kFreeze, kLock, kLockAlloc, kLockError,
    kSkipOffline, kRetry, kReserve,
};
// clang-format on

// The fixes that the variants have by themselves; rfc_locked has kLock.
constexpr uint32_t kErrnoFlag = kErrno | kCallFlag | kClearFlag;
constexpr uint32_t kVetoed = kErrnoFlag | kVeto;
constexpr uint32_t kVetoFrozen = kErrno | kBlockFlag | kClearFlag | kVeto | kFreeze | kRetry;
constexpr uint32_t kLockedFrozen = kLock | kBlockFlag | kClearFlag | kFreeze | kRetry;

struct CallInfo {
  memtrace::AllocInfo range;
  uint64_t going_offline;  // the flag; with kBlockFlag a bit for each block
  uint32_t offliner;       // 1 while this call offlines a block; protected by device_hotplug_lock
  uint32_t locked;         // 1 while the call holds that lock itself
};

struct State {
  memtrace::Module module;
  uint64_t going_offline;  // static in the callback
  CallInfo info[kMaxTasks];
  // By index of the block: 1 + its node, for what could not be added back.
  uint8_t retry[kMaxBlocks];
};

State& state() { return *sim::machine->Get<State>(kDriverRegion); }
CallInfo& call() { return state().info[sim::current_task().v]; }

template <uint32_t kOwn>
void Init(uint32_t fixes) {
  sim::machine->Carve<State>(kDriverRegion, 1, true);
  memtrace::InitModule(kOwn | fixes);
}

// ---- The callback -----------------------------------------------------------------------

rfc::Callback CallbackOf(CallInfo& info) {
  return {
      .base = Pfn{info.range.base_pfn},
      .nr_pages = info.range.nr_pages,
      .going_offline = Has(kCallFlag | kBlockFlag) ? &info.going_offline : &state().going_offline,
      .refuses_offlining = Has(kVeto) && info.offliner == 0,
      .fixes = {.errno_helper = Has(kErrno),
                .block_flag = Has(kBlockFlag),
                .clear_flag = Has(kClearFlag),
                .freeze = Has(kFreeze)}};
}

int32_t NotifierCall(const mm::notifier_block& nb, uint32_t action,
                     const mm::memory_notify_arg& arg) {
  return rfc::memtrace_memory_notifier_cb(CallbackOf(state().info[nb.data]), action, arg);
}

// ---- Giving memory back -----------------------------------------------------------------

void Lock() {
  mm::lock_device_hotplug();
  call().locked = 1;
}
void Unlock() {
  call().locked = 0;
  mm::unlock_device_hotplug();
}

// Holds device_hotplug_lock to the end of a scope if one of the fixes wants it and the call does
// not hold it already.
class MaybeLocked {
 public:
  explicit MaybeLocked(uint32_t fixes) : locks_(Has(fixes) && call().locked == 0) {
    if (locks_) Lock();
  }
  ~MaybeLocked() {
    if (locks_) Unlock();
  }
  MaybeLocked(const MaybeLocked&) = delete;
  MaybeLocked& operator=(const MaybeLocked&) = delete;

 private:
  const bool locks_;
};

int AddRange(NodeId nid, BlockId first, uint32_t nr_blocks) {
  const MaybeLocked lock(kReserve.bit);
  if (call().locked == 0) return memtrace::AddAndOnline(nid, first, nr_blocks);
  const int rc = Has(kReserve) ? memtrace::AddReserved(nid, first, nr_blocks)
                               : mm::__add_memory(nid, first, nr_blocks);
  if (rc == 0) memtrace::OnlineBlocks(first, nr_blocks);
  return rc;
}

// Adds a block back, or keeps it for the next write. What another writer has made of the entry
// meanwhile is no memory, and is not kept.
void AddOrKeep(NodeId nid, BlockId block) {
  const bool back = AddRange(nid, block, 1) == 0;
  const bool is_memory = nid.v < kMaxNodes && mm::BlockExists(block);
  if (is_memory) state().retry[mm::BlockIndex(block)] = static_cast<uint8_t>(back ? 0 : nid.v + 1);
  if (back) return;
  if (is_memory) mm::ClaimBlock(block);
  mm::printk(kTpLogAddFailed, nid.v);
}

// 0, or an errno, and none of it is back. A block that is kept is no concern of the caller's.
int AddBack(NodeId nid, Pfn start, uint32_t nr_pages) {
  const BlockId first = mm::BlockOf(start);
  const uint32_t nr_blocks = nr_pages / mm::PagesPerBlock();
  if (!Has(kRetry)) return AddRange(nid, first, nr_blocks);
  for (uint32_t i = 0; i < nr_blocks; ++i) AddOrKeep(nid, first + i);
  return 0;
}

void RetryKept() {
  const MaybeLocked lock(kLock | kLockAlloc);
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    const uint8_t kept = state().retry[i];
    if (kept != 0) AddOrKeep(NodeId{kept - 1u}, mm::BlockNumber(i));
  }
}

bool KeepsAny() {
  return std::any_of(std::begin(state().retry), std::end(state().retry),
                     [](uint8_t kept) { return kept != 0; });
}

int memtrace_free_node(NodeId nid, Pfn start, uint32_t nr_pages) {
  const MaybeLocked lock(kLock | kLockAlloc);
  return AddBack(nid, start, nr_pages);
}

// ---- Taking it --------------------------------------------------------------------------

// The end of an operation may have been kept from the callback, by somebody's NOTIFY_STOP; but
// who offlines knows how it ended.
void SettleFlag(CallInfo& info, BlockId block, bool offline) {
  const Pfn start = mm::FirstPfn(block);
  rfc::EndOffline(CallbackOf(info), start, start + mm::PagesPerBlock(), offline);
}

int OfflineAndRemove(CallInfo& info, BlockId block) {
  // Whoever may offline, and what is reserved when, is decided under the lock.
  const MaybeLocked lock(kVeto | kReserve);
  if (info.locked == 0) return mm::offline_and_remove_memory(block);
  info.offliner = 1;
  const int rc = mm::device_offline(block);
  info.offliner = 0;
  if (Has(kBlockFlag)) SettleFlag(info, block, rc >= 0);
  if (rc < 0) return rc;
  mm::__remove_memory(block, 1);
  if (Has(kReserve)) mm::request_mem_region(block, 1);
  return 0;
}

// Steps E1 to E3, for the blocks from `failed` on and those below that are removed.
void GiveUp(CallInfo& info, NodeId nid, Pfn failed) {
  const MaybeLocked lock(kLockError.bit);
  const Pfn base{info.range.base_pfn};
  const Pfn end = base + info.range.nr_pages;
  mm::unregister_memory_notifier(info.range.memory_notifier);
  if (failed != base && AddBack(nid, base, failed - base) != 0) mm::printk(kTpLogAddFailed, nid.v);
  if (!Has(kSkipOffline)) return memtrace::FreePages(failed, end);
  for (Pfn pfn = failed; pfn < end; pfn = pfn + mm::PagesPerBlock()) {
    if (mm::BlockAt(mm::BlockOf(pfn)).state != mm::MEM_ONLINE) continue;
    memtrace::FreePages(pfn, pfn + mm::PagesPerBlock());
  }
}

// Steps A3 to E3: true if all of the range has been removed; else it is Linux's again.
bool Remove(NodeId nid, Pfn base, uint32_t nr_pages) {
  const MaybeLocked lock(kLock.bit);
  const Pfn end = base + nr_pages;
  CallInfo& info = call();
  memtrace::PrepareInfo(&info.range, base, nr_pages);
  info.going_offline = 0;

  for (Pfn pfn = base; pfn < end; ++pfn) mm::__SetPageOffline(pfn);
  mm::register_memory_notifier(info.range.memory_notifier);
  for (Pfn pfn = base; pfn < end; pfn = pfn + mm::PagesPerBlock()) {
    if (OfflineAndRemove(info, mm::BlockOf(pfn)) == 0) continue;
    GiveUp(info, nid, pfn);
    return false;
  }
  mm::unregister_memory_notifier(info.range.memory_notifier);
  mm::ClaimRange(base, nr_pages);
  return true;
}

Pfn memtrace_alloc_node(NodeId nid, uint64_t nr_pages) {
  if (!mm::node_spanned_pages(nid)) return Pfn{mm::kNoPfn};
  const MaybeLocked lock(kLockAlloc.bit);
  const Pfn base = mm::alloc_contig_pages(nr_pages, nid);
  if (base.v == mm::kNoPfn) return base;
  if (Has(memtrace::kClear)) memtrace::ClearRange(base, static_cast<uint32_t>(nr_pages));
  return Remove(nid, base, static_cast<uint32_t>(nr_pages)) ? base : Pfn{mm::kNoPfn};
}

constexpr memtrace::Algorithm kAlgorithm = {&memtrace_alloc_node, &memtrace_free_node};

int EnableSet(uint64_t value) {
  if (KeepsAny()) RetryKept();
  if (memtrace::module().memtrace_size != 0 && memtrace::online(kAlgorithm) != 0) return -EAGAIN;
  if (KeepsAny()) return -EAGAIN;
  return value == 0 ? 0 : memtrace::reserve(value, kAlgorithm);
}

int memtrace_enable_set(uint64_t value) {
  if (!memtrace::IsSize(value)) return -EINVAL;
  return memtrace::Ordered([value] { return EnableSet(value); });
}

// The array's, and what is kept.
uint32_t Ranges(Range* out, uint32_t max) {
  uint32_t n = memtrace::Ranges(out, max);
  for (uint32_t i = 0; i < world::geometry().nr_blocks && n < max; ++i) {
    if (state().retry[i] == 0) continue;
    out[n++] = {mm::FirstPfn(mm::BlockNumber(i)), mm::PagesPerBlock()};
  }
  return n;
}

template <uint32_t kOwn>
constexpr Driver DriverOf(const DriverRow& row) {
  return {
      .name = row.name,
      .sentence = row.sentence,
      .callback = "memtrace_memory_notifier_cb",
      .init = &Init<kOwn>,
      .enable = {&memtrace_enable_set, &memtrace::enable_get},
      .notifier_call = &NotifierCall,
      .ranges = &Ranges,
      .trace = memtrace::kTrace,
      .fixes = mm::Fixes(kFixes),
  };
}

}  // namespace

const Driver kRfcV1 = DriverOf<0>(kRfcV1Row);
const Driver kRfcErrnoFlag = DriverOf<kErrnoFlag>(kRfcErrnoFlagRow);
const Driver kRfcVeto = DriverOf<kVetoed>(kRfcVetoRow);
const Driver kRfcLocked = DriverOf<kLock.bit>(kRfcLockedRow);
const Driver kRfcVetoFrozen = DriverOf<kVetoFrozen>(kRfcVetoFrozenRow);
const Driver kRfcLockedFrozen = DriverOf<kLockedFrozen>(kRfcLockedFrozenRow);

}  // namespace hotplug::drivers
