// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tasks do: the operations of the scenario, one after the other.
#ifndef MODEL_ACTORS_PROGRAM_H_
#define MODEL_ACTORS_PROGRAM_H_

#include <algorithm>
#include <array>

#include "model/actors/state.h"
#include "model/scenario/ops.h"
#include "model/sim/sched.h"
#include "model/world/geometry.h"
#include "model/world/ledger.h"
#include "model/world/ops.h"

namespace hotplug::actors {

using scenario::Op;
using scenario::OpKind;
using world::BlockId;
using world::NodeId;
using world::Pfn;

// ---- System calls ---------------------------------------------------------------------------

inline Result& ResultOf(const Op& op) {
  return state().results[static_cast<size_t>(&op - Script().ops.begin())];
}

inline BlockId BlockOf(const Op& op) { return world::BlockNumber(op.block); }
inline Pfn PfnOf(const Op& op) { return world::FirstPfn(BlockOf(op)) + op.page; }

// Runs f() in the kernel.
template <class F>
int32_t InKernel(F f) {
  sim::enter_kernel();
  const int32_t rc = f();
  sim::leave_kernel();
  return rc;
}

// The return of a system call is a step outside of the kernel; the errno is its last operand.
template <class... Operands>
int32_t ReturnAt(sim::Tp tp, int32_t rc, Operands... operands) {
  sim::sched_point(tp, operands..., static_cast<uint32_t>(rc));
  return rc;
}

template <class... Operands>
int32_t Return(const Op& op, int32_t rc, Operands... operands) {
  return ReturnAt(scenario::EndOf(op.kind), rc, operands...);
}

// ---- Memory blocks --------------------------------------------------------------------------

template <world::Ops O>
int32_t WriteState(const Op& op) {
  const auto word = static_cast<world::StateFile>(op.arg);
  const int32_t rc = InKernel([&op, word] { return O::state_store(BlockOf(op), word); });
  return Return(op, rc, BlockOf(op).v, op.arg);
}

template <world::Ops O>
int32_t WriteOnline(const Op& op) {
  const int32_t rc = InKernel([&op] { return O::online_store(BlockOf(op), op.arg != 0); });
  return Return(op, rc, BlockOf(op).v, op.arg);
}

template <world::Ops O>
int32_t WriteProbe(const Op& op) {
  const int32_t rc = InKernel([&op] { return O::probe_store(BlockOf(op)); });
  return Return(op, rc, world::FirstPfn(BlockOf(op)).v);
}

template <world::Ops O>
int32_t WriteAutoOnline(const Op& op) {
  const auto word = static_cast<world::StateFile>(op.arg);
  const int32_t rc = InKernel([word] { return O::auto_online_blocks_store(word); });
  return Return(op, rc, op.arg);
}

// Firmware notifies, and a kworker does the rest.
template <int (*request)(BlockId)>
int32_t Firmware(const Op& op) {
  return Return(op, InKernel([&op] { return request(BlockOf(op)); }), BlockOf(op).v);
}

template <world::Ops O>
int32_t OfflineAndRemove(const Op& op) {
  const uint32_t there = world::geometry().nr_blocks - op.block;
  const uint32_t nr_blocks = std::min<uint32_t>(op.blocks, there);
  const int32_t rc = InKernel([&] { return O::remove_dimms(BlockOf(op), nr_blocks); });
  return Return(op, rc, BlockOf(op).v, nr_blocks);
}

// A module comes or goes, and its notifier with it.
template <int (*change)(uint32_t)>
int32_t Module(const Op& op) {
  const int32_t rc = InKernel([&op] { return change(op.notifier); });
  return Return(op, rc, op.notifier);
}

// ---- Pages ----------------------------------------------------------------------------------

template <world::Ops O>
int32_t Alloc(const Op& op) {
  const bool movable = static_cast<scenario::Mobility>(op.arg) == scenario::Mobility::kMovable;
  const int32_t rc =
      InKernel([&op, movable] { return O::alloc_ordinary(NodeId{op.node}, movable, op.order); });
  return Return(op, rc, op.node);
}

template <bool (*free_oldest)()>
int32_t Free(const Op& op) {
  return Return(op, InKernel([] { return free_oldest() ? 0 : -ENOENT; }));
}

template <world::Ops O>
int32_t AllocContig(const Op& op) {
  const int32_t rc = InKernel([&op] { return O::alloc_contig(NodeId{op.node}, op.order); });
  return Return(op, rc, op.node, op.order);
}

template <world::Ops O>
int32_t Get(const Op& op) {
  const Pfn pfn = PfnOf(op);
  HeldPages& held = state().held[sim::current_task().v];
  const int32_t rc = O::get_page(pfn);
  if (rc == 0) held.pfn[held.size++] = pfn.v;
  return Return(op, rc, pfn.v);
}

template <world::Ops O>
int32_t Put() {
  HeldPages& held = state().held[sim::current_task().v];
  if (held.first == held.size) return -ENOENT;
  const Pfn pfn{held.pfn[held.first++]};
  InKernel([pfn] {
    O::put_page(pfn);
    return 0;
  });
  sim::sched_point(scenario::EndOf(OpKind::kPut), pfn.v, static_cast<uint32_t>(O::page_count(pfn)));
  return 0;
}

template <world::Ops O>
int32_t PutOldest(const Op& /*op*/) {
  return Put<O>();
}

template <world::Ops O>
int32_t Poison(const Op& op) {
  const Pfn pfn = PfnOf(op);
  return Return(op, InKernel([pfn] { return O::memory_failure(pfn); }), pfn.v);
}

// ---- The driver's files ---------------------------------------------------------------------

template <world::Ops O>
int32_t WriteEnable(const Op& op) {
  return Return(op, InKernel([&op] {
                  const int32_t rc = O::enable_set(op.value);
                  world::CallReturned();
                  return rc;
                }));
}

template <world::Ops O>
int32_t ReadEnable(const Op& op) {
  Result& result = ResultOf(op);
  result.value = O::enable_get();
  sim::sched_point(scenario::EndOf(op.kind), static_cast<uint32_t>(result.value >> kBlockShift));
  return 0;
}

// Opens the file `trace` of a node, does one thing with it, and closes it.
template <world::Ops O, class Do, class... Operands>
int32_t WithTrace(const Op& op, Do use, Operands... operands) {
  typename O::OpenFile file;
  const auto open = [&] { return O::trace_open(NodeId{op.node}, &file); };
  const int32_t opened = ReturnAt(kOpenTrace.id, InKernel(open), op.node);
  const int32_t rc = InKernel([&] {
    if (opened != 0) return opened;
    const int32_t done = use(file);
    O::trace_release(file);
    return done;
  });
  return Return(op, rc, op.node, operands...);
}

template <world::Ops O>
int32_t ReadTrace(const Op& op) {
  return WithTrace<O>(op, [](typename O::OpenFile& file) { return O::trace_read(file, {}); });
}

template <world::Ops O>
int32_t MmapTrace(const Op& op) {
  return WithTrace<O>(op, [](typename O::OpenFile& file) { return O::trace_mmap(file, {}); });
}

// Which page of a file, for the trace.
inline uint32_t PageOfFile(const Op& op) {
  return static_cast<uint32_t>(op.value >> world::PageShift());
}

template <world::Ops O>
int32_t ReadTraceAt(const Op& op) {
  const auto read = [&op](typename O::OpenFile& file) {
    return O::trace_read(file, {op.value, std::min(op.length, world::kMaxRead)});
  };
  return WithTrace<O>(op, read, PageOfFile(op));
}

inline constexpr uint64_t kTaskSize = uint64_t{1} << 47;  // x86-64

// The kernel looks at offset and length before the driver does (ksys_mmap_pgoff(), do_mmap()): a
// length becomes whole pages.
template <world::Ops O>
int32_t MmapTraceAt(const Op& op) {
  const auto map = [&op](typename O::OpenFile& file) {
    const uint64_t in_page = (uint64_t{1} << world::PageShift()) - 1;
    if ((op.value & in_page) != 0 || op.length == 0) return -EINVAL;
    if (op.length > kTaskSize) return -ENOMEM;
    const uint64_t length = (op.length + in_page) & ~in_page;
    return O::trace_mmap(file, {op.value, length});
  };
  return WithTrace<O>(op, map, PageOfFile(op));
}

// ---- Tasks ----------------------------------------------------------------------------------

inline int32_t After(const Op& op) {
  sim::wait_for_task(sim::TaskId{op.target});
  return 0;
}

inline int32_t Sleep(const Op& op) {
  sim::sleep_ticks(sim::Ticks{static_cast<uint32_t>(op.value)}, true);
  return 0;
}

inline int32_t Kill(const Op& op) {
  const auto signal = static_cast<sim::Sig>(1u << op.arg);
  sim::send_signal(sim::TaskId{op.target}, signal);
  sim::sched_point(scenario::EndOf(op.kind), op.arg, op.target);
  return 0;
}

struct Doing {
  OpKind kind;
  int32_t (*function)(const Op&);
};
using Doings = std::array<Doing, scenario::kOpKinds>;

// In the order of OpKind.
template <world::Ops O>
inline constexpr Doings kDoings = {{
    {OpKind::kWriteEnable, &WriteEnable<O>},
    {OpKind::kReadEnable, &ReadEnable<O>},
    {OpKind::kWriteState, &WriteState<O>},
    {OpKind::kWriteOnline, &WriteOnline<O>},
    {OpKind::kAlloc, &Alloc<O>},
    {OpKind::kFree, &Free<&O::free_ordinary>},
    {OpKind::kGet, &Get<O>},
    {OpKind::kPut, &PutOldest<O>},
    {OpKind::kKill, &Kill},
    {OpKind::kAfter, &After},
    {OpKind::kSleep, &Sleep},
    {OpKind::kWriteProbe, &WriteProbe<O>},
    {OpKind::kRemove, &Firmware<&O::acpi_scan_hot_remove>},
    {OpKind::kAdd, &Firmware<&O::acpi_memory_device_add>},
    {OpKind::kReadTrace, &ReadTrace<O>},
    {OpKind::kMmapTrace, &MmapTrace<O>},
    {OpKind::kWriteAutoOnline, &WriteAutoOnline<O>},
    {OpKind::kRegister, &Module<&O::register_memory_notifier>},
    {OpKind::kUnregister, &Module<&O::unregister_memory_notifier>},
    {OpKind::kAllocContig, &AllocContig<O>},
    {OpKind::kFreeContig, &Free<&O::free_contig>},
    {OpKind::kPoison, &Poison<O>},
    {OpKind::kReadTraceAt, &ReadTraceAt<O>},
    {OpKind::kMmapTraceAt, &MmapTraceAt<O>},
    {OpKind::kOfflineAndRemove, &OfflineAndRemove<O>},
}};

constexpr bool InOrder(const Doings& doings) {
  for (uint32_t i = 0; i < scenario::kOpKinds; ++i) {
    if (static_cast<uint32_t>(doings[i].kind) != i) return false;
  }
  return true;
}

// Entry of every task: runs its part of the scenario and ends it.
template <world::Ops O>
void RunProgram(uint32_t task) {
  static_assert(InOrder(kDoings<O>), "the rows come in the order of OpKind");
  const scenario::Scenario& s = Script();
  for (uint32_t i = 0; i < s.ops.size; ++i) {
    if (s.ops[i].task != task) continue;
    const Op& op = s.ops[i];
    Result& result = ResultOf(op);
    result.rc = kDoings<O>[static_cast<uint32_t>(op.kind)].function(op);
    result.done = 1;
    // Back in user space: a deadly signal ends the program, a handler runs and is done.
    if (sim::fatal_signal_pending()) break;
    sim::current().pending = 0;
  }
  // What a process holds it lets go when it ends.
  while (Put<O>() == 0) {
  }
  O::exit_mmap();
  sim::exit_task();
}

template <class O>
void Actors<O>::Start() {
  const scenario::Scenario& s = Script();
  for (uint32_t i = 0; i < s.notifiers.size; ++i) {
    O::add_notifier(i, s.notifiers[i].priority);
    if (!s.notifiers[i].unregistered) O::register_memory_notifier(i);
  }
  for (uint32_t i = 0; i < s.tasks.size; ++i) sim::AddTask(&RunProgram<O>);
}

}  // namespace hotplug::actors

#endif  // MODEL_ACTORS_PROGRAM_H_
