// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/tree/host.h"

#include <cstring>
#include <span>
#include <utility>

#include "model/mm/tracepoints.h"
#include "model/sim/asan.h"
#include "model/sim/sched.h"
#include "model/tree/driver.h"
#include "model/tree/entry.h"
#include "model/tree/ledger.h"
#include "model/tree/tracepoints.h"
#include "model/tree/world.h"
#include "model/world/geometry.h"
#include "model/world/ledger.h"

namespace hotplug::tree {

namespace {

// ---- Locks: those of the kernel are addresses, which have one of sim while somebody uses it -----

uint32_t Address(const void* p) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(p)); }

// An object that is freed can be another one later. Static locks stay what they are: somebody may
// poll one, which is no use of it.
bool MayGo(const State& s, uint32_t i) {
  return s.lock_address[i] >= WORLD_ARENA && !s.locks[i].held() && s.locks[i].queue == 0;
}

sim::Lock& LockOf(const void* lock, const char* name) {
  State& s = state();
  const uint32_t address = Address(lock);
  for (uint32_t i = 0; i < s.nr_locks; ++i) {
    if (s.lock_address[i] == address) return s.locks[i];
  }
  uint32_t free = 0;
  while (free < s.nr_locks && !MayGo(s, free)) ++free;
  if (free == s.nr_locks) ++s.nr_locks;
  HOTPLUG_CHECK(free < kMaxLocks);
  s.lock_address[free] = address;
  sim::InitLock(s.locks[free], world_of_machine().LockClassOf(address, name));
  return s.locks[free];
}

void Lock(const void* lock, const char* name, int shared) {
  if (!InTask()) return;
  sim::Lock& l = LockOf(lock, name);
  if (shared != 0) {
    sim::LockShared(l);
  } else {
    sim::LockExclusive(l);
  }
  RunCurrentTask();
}

int TryLock(const void* lock, const char* name) {
  if (!InTask()) return 1;
  const bool taken = sim::TryLockExclusive(LockOf(lock, name));
  RunCurrentTask();
  return taken ? 1 : 0;
}

void Unlock(const void* lock, int shared) {
  if (!InTask()) return;
  sim::Lock& l = LockOf(lock, nullptr);
  if (l.lock_class == world::kDeviceHotplugLock) NoteHotplugUnlock();
  if (shared != 0) {
    sim::UnlockShared(l);
  } else {
    sim::UnlockExclusive(l);
  }
  RunCurrentTask();
}

// The spinlocks of the kernel are one to sim, which is not told which.
constexpr uint8_t kSpinLock = 1;

void Spin(int locked) {
  if (!InTask()) return;
  uint8_t& atomic = sim::sim().atomic;
  const bool was = (atomic & kSpinLock) != 0;
  atomic = static_cast<uint8_t>(locked != 0 ? atomic | kSpinLock : atomic & ~kSpinLock);
  if (locked != 0) return;
  sim::sched_point(was ? kTpSpinUnlock : kTpSpinLock);
  RunCurrentTask();
}

void NoteFault(sim::LockFault fault) {
  sim::SimState& s = sim::sim();
  s.debug_locks_off = 1;
  if (s.lock_fault == sim::LockFault::kNone) s.lock_fault = fault;
}

void Misuse(const char*, const void*) { NoteFault(sim::LockFault::kNotHolder); }
void Kept(const char*) { NoteFault(sim::LockFault::kNotReleased); }

// ---- Giving way ---------------------------------------------------------------------------------

void Point() {
  if (!InTask()) return;
  sim::sched_point(kTpMightSleep);
  RunCurrentTask();
}

void Resched(const void* caller) {
  if (InTask()) NoteRound(caller);
  Point();
}

void Sleep() {
  sim::sleep_ticks(sim::Ticks{kHotplugPollTicks}, false);
  RunCurrentTask();
}

// A write that sleeps is restarted from user space, where handlers of signals run before.
void Poll(const void* lock) {
  sim::poll_sleep(sim::Ticks{kHotplugPollTicks}, sim::LockOffset(LockOf(lock, nullptr)));
  if (!sim::fatal_signal_pending()) sim::current().pending = 0;
  RunCurrentTask();
}

void Wait(const void* object) {
  HOTPLUG_CHECK(InTask());
  uint32_t& waits_for = state().waits_for[sim::current_task().v];
  waits_for = Address(object);
  sim::wait_queued();
  waits_for = 0;
  RunCurrentTask();
}

void Wake(const void* object) {
  if (!InTask()) return;
  for (uint32_t i = 0; i < kMaxThreads; ++i) {
    if (state().waits_for[i] == Address(object)) sim::wake_up(sim::TaskId{i});
  }
}

// ---- Notifiers, faults --------------------------------------------------------------------------

int Answer(unsigned int notifier, const world_notice* n) {
  const Delivery d = DeliveryOf(*n);
  BeginDelivery(d, notifier);
  const auto answer = world_of_machine().bound().answer;
  world::BeginCallback(world::kNobody, d.action, false);
  const int32_t value = answer != nullptr ? answer(notifier, d.action, d.arg) : world::NOTIFY_OK;
  world::EndCallback(world::kNobody, d.action, d.arg, value);
  NoteAnswer(notifier, d.action, d.arg, value);
  EndDelivery(d, notifier, value);
  return value;
}

int InjectFault(const char* function) {
  const auto fault = world_of_machine().bound().fault;
  return InTask() && fault != nullptr ? fault(function) : 0;
}

// ---- Functions ----------------------------------------------------------------------------------

// Whoever may have let others run goes on as the running task.
void GoOn(uint32_t switches) {
  if (sim::sim().switches != switches) RunCurrentTask();
}

void ReachAnchor(When when, const Functions::Function& f) {
  if (f.row == Functions::kNoRow) return;
  sim::anchor(when, sim::MakeAnchor(sim::AnchorKind::kFunction, f.row));
}

// A step of the task is one of the innermost function that has a name.
void FunctionBegins(world_call* call) {
  if (!InTask()) return;
  const Functions& functions = world_of_machine().functions();
  const uint32_t index = functions.IndexOf(call->function);
  const Functions::Function& f = functions[index];
  const uint32_t switches = sim::sim().switches;
  uint16_t& inside = world::ledger().inside[sim::current_task().v];
  call->kept = uint64_t{index} << 16 | inside;
  if (functions.BeforeToo(f)) ReachAnchor(When::kBefore, f);
  if (f.row != Functions::kNoRow) inside = static_cast<uint16_t>(sim::kTreeFunctions.first + f.row);
  if (f.watcher != nullptr && f.watcher->begins != nullptr) f.watcher->begins(*call);
  GoOn(switches);
}

void FunctionEnds(world_call* call, long result) {
  if (!InTask()) return;
  const Functions::Function& f =
      world_of_machine().functions()[static_cast<uint32_t>(call->kept >> 16)];
  const uint32_t switches = sim::sim().switches;
  if (f.watcher != nullptr && f.watcher->ends != nullptr) f.watcher->ends(*call, result);
  world::ledger().inside[sim::current_task().v] = static_cast<uint16_t>(call->kept);
  ReachAnchor(When::kAfter, f);
  GoOn(switches);
}

// ---- What the kernel says -----------------------------------------------------------------------

// As digests know a text: its number alone would say that there was one.
uint64_t DigestOf(const std::string& text) {
  uint64_t digest = text.size();
  for (const char c : text) digest = sim::MixDigest(digest, static_cast<uint8_t>(c));
  return digest;
}

void Say(sim::Tp tp, std::string text) {
  const uint64_t digest = DigestOf(text);
  const uint16_t number = world_of_machine().AddText(std::move(text));
  sim::record(tp, number, static_cast<uint32_t>(digest), static_cast<uint32_t>(digest >> 32));
}

void AddReport(ReportKind kind, world::KernelReport report) {
  // Only a kernel with KASAN says what is wrong with the heap.
  const bool silent = kind == ReportKind::kHeap;
  if (InTask()) world::Report(report, world::Pfn{world::kNoPfn}, silent);
  State& s = state();
  if (s.nr_reports == kMaxReports) return;
  const auto text = static_cast<uint16_t>(world_of_machine().nr_texts() - 1);
  s.reports[s.nr_reports++] = {kind, 0, text, 0, 0};
}

void Text(const char* text) {
  Say(kTpText, text);
  if (std::strncmp(text, "BUG: Bad page", 13) == 0)
    AddReport(ReportKind::kBadPage, world::KernelReport::kBadPage);
}

void Warn(const char* file, unsigned int line) {
  Say(kTpWarn, "WARNING: at " + std::string(file) + ":" + std::to_string(line));
  AddReport(ReportKind::kWarn, world::KernelReport::kWarn);
}

[[noreturn]] HOTPLUG_NO_ASAN void Bug(const char* text, const void* pc) {
  Die(ReportKind::kBug, reinterpret_cast<uintptr_t>(pc), 0, text);
}

void Heap(const char* what, const void*) {
  Say(kTpHeap, "BUG: KASAN: " + std::string(what));
  AddReport(ReportKind::kHeap, world::KernelReport::kOops);
}

void Uevent(unsigned long block, const char* action) {
  constexpr const char* kActions[] = {"offline", "online", "add", "remove"};  // as of mm::kTpUevent
  if (!InTask()) return;
  uint32_t number = 0;
  while (std::strcmp(kActions[number], action) != 0) ++number;
  if (std::strcmp(action, "add") == 0) ReleaseBlock(world::BlockId{static_cast<uint32_t>(block)});
  sim::record(mm::kTpUevent, static_cast<uint32_t>(block), number);
}

}  // namespace

void NoteHeldLock() {
  NoteFault(sim::LockFault::kNotReleased);
  sim::current().held = 0;  // it is told once
}

world::memory_notify_arg NotifyArgOf(const world_notice& n) {
  return {world::Pfn{static_cast<uint32_t>(n.start_pfn)}, static_cast<uint32_t>(n.nr_pages), n.nid,
          n.nid_normal};
}

uint32_t ActionOf(const char* name) {
  for (const std::span<const world::NamedValue> rows :
       {std::span<const world::NamedValue>(world::kMemActions), {world::kLaterMemActions}}) {
    for (const world::NamedValue& row : rows) {
      if (std::strcmp(row.name, name) == 0) return row.value;
    }
  }
  return 0;  // a later kernel's, which prints as a number
}

bool InTask() { return sim::sim().current != sim::FiberPool::kMain; }

uint32_t RunningStack() { return InTask() ? sim::sim().current : uint32_t{WORLD_TASKS}; }

void RunCurrentTask() {
  kernel().run(sim::sim().current, sim::signal_pending() ? 1 : 0,
               sim::fatal_signal_pending() ? 1 : 0);
}

Delivery DeliveryOf(const world_notice& n) { return {ActionOf(n.action), NotifyArgOf(n)}; }

void BeginDelivery(const Delivery& d, uint32_t notifier) {
  sim::anchor(When::kBefore,
              world::DeliveryAnchor(d.action, world::BlockOf(d.arg.start_pfn), notifier));
  RunCurrentTask();
}

void EndDelivery(const Delivery& d, uint32_t notifier, int32_t answer) {
  sim::sched_point(world::kTpNotifierCall, d.action << 16 | world::BlockOf(d.arg.start_pfn).v,
                   notifier, static_cast<uint32_t>(answer));
  RunCurrentTask();
}

// Not a step, and no call of ours: what is stuck goes on until it is known where.
HOTPLUG_NO_ASAN void Stalled(const void* pc) {
  Places& places = world_of_machine().places();
  const void* frame = KernelFrame(KernelFrame(__builtin_frame_address(0)));
  if (!InTask() || !places.NoteStall(frame, reinterpret_cast<uintptr_t>(pc))) return;
  const Symbol& loop = *places.stalled_in();
  Die(ReportKind::kBug, loop.address, 0, "watchdog: BUG: soft lockup in " + loop.name);
}

void FillHost(world_host* host) {
  *host = {};
  host->lock = Entry<&Lock>::Call;
  host->trylock = Entry<&TryLock>::Call;
  host->unlock = Entry<&Unlock>::Call;
  host->spin = Entry<&Spin>::Call;
  host->point = Entry<&Point>::Call;
  host->sleep = Entry<&Sleep>::Call;
  host->poll = Entry<&Poll>::Call;
  host->answer = Entry<&Answer>::Call;
  host->text = &Text;
  host->warn = Entry<&Warn>::Call;
  host->bug = Entry<&Bug>::Call;
  host->heap = &Heap;
  host->misuse = &Misuse;
  host->kept = &Kept;
  host->uevent = &Uevent;
  host->fault = &InjectFault;
  host->wait = Entry<&Wait>::Call;
  host->wake = &Wake;
  host->resched = Entry<&Resched>::Call;
  host->stalled = &Stalled;
  host->driver = DriverHost();
  host->function_begins = &FunctionBegins;
  host->function_ends = &FunctionEnds;
  FillNoLedger(host);
}

}  // namespace hotplug::tree
