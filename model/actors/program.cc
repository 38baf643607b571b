// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tasks do: the operations of the scenario, one after the other.
#include <algorithm>
#include <array>

#include "model/actors/state.h"
#include "model/mm/add_remove.h"
#include "model/mm/ledger.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "model/mm/poison.h"
#include "model/mm/task_alloc.h"
#include "model/scenario/ops.h"

namespace hotplug::actors {

namespace {

using scenario::Op;
using scenario::OpKind;

Result& ResultOf(const Op& op) {
  return state().results[static_cast<size_t>(&op - context().scenario->ops.begin())];
}

mm::BlockId BlockOf(const Op& op) { return mm::BlockNumber(op.block); }

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

int32_t WriteEnable(const Op& op) {
  return Return(op, InKernel([&op] {
                  const int32_t rc = context().enable.set(op.value);
                  mm::CallReturned();
                  return rc;
                }));
}

int32_t ReadEnable(const Op& op) {
  Result& result = ResultOf(op);
  result.value = context().enable.get();
  sim::sched_point(scenario::EndOf(op.kind), static_cast<uint32_t>(result.value >> kBlockShift));
  return 0;
}

int32_t WriteState(const Op& op) {
  const auto word = static_cast<mm::StateFile>(op.arg);
  const int32_t rc = InKernel([&op, word] { return mm::state_store(BlockOf(op), word); });
  return Return(op, rc, BlockOf(op).v, op.arg);
}

int32_t WriteOnline(const Op& op) {
  const int32_t rc = InKernel([&op] { return mm::online_store(BlockOf(op), op.arg != 0); });
  return Return(op, rc, BlockOf(op).v, op.arg);
}

int32_t WriteProbe(const Op& op) {
  const int32_t rc = InKernel([&op] { return mm::probe_store(BlockOf(op)); });
  return Return(op, rc, mm::FirstPfn(BlockOf(op)).v);
}

int32_t WriteAutoOnline(const Op& op) {
  const auto word = static_cast<mm::StateFile>(op.arg);
  const int32_t rc = InKernel([word] { return mm::auto_online_blocks_store(word); });
  return Return(op, rc, op.arg);
}

// Firmware notifies, and a kworker does the rest.
template <int (*request)(mm::BlockId)>
int32_t Firmware(const Op& op) {
  return Return(op, InKernel([&op] { return request(BlockOf(op)); }), BlockOf(op).v);
}

// Opens the file `trace` of a node, does one thing with it, and closes it.
template <class Do, class... Operands>
int32_t WithTrace(const Op& op, Do use, Operands... operands) {
  const mm::debugfs_fops& fops = context().trace;
  mm::debugfs_open_file file;
  const int32_t opened = ReturnAt(
      kOpenTrace.id, InKernel([&] { return mm::debugfs_open(op.node, fops, &file); }), op.node);
  const int32_t rc = InKernel([&] {
    if (opened != 0) return opened;
    const int32_t done = use(file);
    mm::debugfs_release(fops, file);
    return done;
  });
  return Return(op, rc, op.node, operands...);
}

int32_t UseTrace(const Op& op, mm::debugfs_transfer operation) {
  return WithTrace(op, [operation](const mm::debugfs_open_file& file) {
    return mm::debugfs_call(file, operation, mm::file_range{});
  });
}

// Which page of a file, for the trace.
uint32_t PageOfFile(const Op& op) { return static_cast<uint32_t>(op.value >> mm::PageShift()); }

int32_t ReadTraceAt(const Op& op) {
  const auto read = [&op](const mm::debugfs_open_file& file) {
    return mm::debugfs_call(file, context().trace.read,
                            {op.value, std::min(op.length, mm::kMaxRead)});
  };
  return WithTrace(op, read, PageOfFile(op));
}

constexpr uint64_t kTaskSize = uint64_t{1} << 47;  // x86-64

// The kernel looks at offset and length before the driver does (ksys_mmap_pgoff(), do_mmap()): a
// length becomes whole pages.
int32_t MmapTraceAt(const Op& op) {
  const auto map = [&op](const mm::debugfs_open_file& file) {
    const uint64_t in_page = (uint64_t{1} << mm::PageShift()) - 1;
    if ((op.value & in_page) != 0 || op.length == 0) return -EINVAL;
    if (op.length > kTaskSize) return -ENOMEM;
    const uint64_t length = (op.length + in_page) & ~in_page;
    return mm::debugfs_call(file, context().trace.mmap, {op.value, length});
  };
  return WithTrace(op, map, PageOfFile(op));
}

int32_t ReadTrace(const Op& op) { return UseTrace(op, context().trace.read); }
int32_t MmapTrace(const Op& op) { return UseTrace(op, context().trace.mmap); }

// A module comes or goes, and its notifier with it.
template <int (*change)(mm::notifier_block&)>
int32_t Module(const Op& op) {
  const int32_t rc = InKernel([&op] { return change(state().probes[op.notifier]); });
  return Return(op, rc, op.notifier);
}

int32_t Alloc(const Op& op) {
  const bool movable = static_cast<scenario::Mobility>(op.arg) == scenario::Mobility::kMovable;
  const int32_t rc = InKernel(
      [&op, movable] { return mm::alloc_ordinary(mm::NodeId{op.node}, movable, op.order); });
  return Return(op, rc, op.node);
}

template <bool (*free_oldest)()>
int32_t Free(const Op& op) {
  return Return(op, InKernel([] { return free_oldest() ? 0 : -ENOENT; }));
}

int32_t AllocContig(const Op& op) {
  const int32_t rc = InKernel([&op] { return mm::alloc_contig(mm::NodeId{op.node}, op.order); });
  return Return(op, rc, op.node, op.order);
}

int32_t Get(const Op& op) {
  const mm::Pfn pfn = mm::FirstPfn(BlockOf(op)) + op.page;
  HeldPages& held = state().held[sim::current_task().v];
  int32_t rc = -ENXIO;
  if (mm::pfn_to_online_page(pfn) != nullptr && mm::get_page_unless_zero(pfn)) {
    held.pfn[held.size++] = pfn.v;
    rc = 0;
  }
  return Return(op, rc, pfn.v);
}

int32_t Poison(const Op& op) {
  const mm::Pfn pfn = mm::FirstPfn(BlockOf(op)) + op.page;
  return Return(op, InKernel([pfn] { return mm::memory_failure(pfn); }), pfn.v);
}

int32_t Put() {
  HeldPages& held = state().held[sim::current_task().v];
  if (held.first == held.size) return -ENOENT;
  const mm::Pfn pfn{held.pfn[held.first++]};
  InKernel([pfn] {
    mm::put_page(pfn);
    return 0;
  });
  sim::sched_point(scenario::EndOf(OpKind::kPut), pfn.v,
                   static_cast<uint32_t>(mm::PageAt(pfn).refcount));
  return 0;
}

int32_t PutOldest(const Op&) { return Put(); }

int32_t After(const Op& op) {
  sim::wait_for_task(sim::TaskId{op.target});
  return 0;
}

int32_t Sleep(const Op& op) {
  sim::sleep_ticks(sim::Ticks{static_cast<uint32_t>(op.value)}, true);
  return 0;
}

int32_t Kill(const Op& op) {
  const auto signal = static_cast<sim::Sig>(1u << op.arg);
  sim::send_signal(sim::TaskId{op.target}, signal);
  sim::sched_point(scenario::EndOf(op.kind), op.arg, op.target);
  return 0;
}

struct Doing {
  OpKind kind;
  int32_t (*function)(const Op&);
};

// In the order of OpKind.
constexpr std::array<Doing, scenario::kOpKinds> kDoings = {{
    {OpKind::kWriteEnable, &WriteEnable},
    {OpKind::kReadEnable, &ReadEnable},
    {OpKind::kWriteState, &WriteState},
    {OpKind::kWriteOnline, &WriteOnline},
    {OpKind::kAlloc, &Alloc},
    {OpKind::kFree, &Free<&mm::free_ordinary>},
    {OpKind::kGet, &Get},
    {OpKind::kPut, &PutOldest},
    {OpKind::kKill, &Kill},
    {OpKind::kAfter, &After},
    {OpKind::kSleep, &Sleep},
    {OpKind::kWriteProbe, &WriteProbe},
    {OpKind::kRemove, &Firmware<&mm::acpi_scan_hot_remove>},
    {OpKind::kAdd, &Firmware<&mm::acpi_memory_device_add>},
    {OpKind::kReadTrace, &ReadTrace},
    {OpKind::kMmapTrace, &MmapTrace},
    {OpKind::kWriteAutoOnline, &WriteAutoOnline},
    {OpKind::kRegister, &Module<&mm::register_memory_notifier>},
    {OpKind::kUnregister, &Module<&mm::unregister_memory_notifier>},
    {OpKind::kAllocContig, &AllocContig},
    {OpKind::kFreeContig, &Free<&mm::free_contig>},
    {OpKind::kPoison, &Poison},
    {OpKind::kReadTraceAt, &ReadTraceAt},
    {OpKind::kMmapTraceAt, &MmapTraceAt},
}};

constexpr bool InOrder() {
  for (uint32_t i = 0; i < scenario::kOpKinds; ++i) {
    if (static_cast<uint32_t>(kDoings[i].kind) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "the rows come in the order of OpKind");

}  // namespace

void RunProgram(uint32_t task) {
  const scenario::Scenario& s = *context().scenario;
  for (uint32_t i = 0; i < s.ops.size; ++i) {
    if (s.ops[i].task != task) continue;
    const Op& op = s.ops[i];
    Result& result = ResultOf(op);
    result.rc = kDoings[static_cast<uint32_t>(op.kind)].function(op);
    result.done = 1;
    // Back in user space: a deadly signal ends the program, a handler runs and is done.
    if (sim::fatal_signal_pending()) break;
    sim::current().pending = 0;
  }
  // What a process holds it lets go when it ends.
  while (Put() == 0) {
  }
  mm::exit_mmap();
  sim::exit_task();
}

}  // namespace hotplug::actors
