// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/world/ledger.h"

#include "model/sim/sched.h"

namespace hotplug::world {

namespace {

bool Overlaps(const InstanceGhost& instance, const memory_notify_arg& arg) {
  return arg.start_pfn.v < instance.base + instance.nr &&
         instance.base < arg.start_pfn.v + arg.nr_pages;
}

// At these the accounts of zones are settled; at the others some are changed and some are not.
// Those of the memmap that a block holds itself come before or after.
bool AreAccountsSettled(uint32_t action, Pfn start) {
  if ((start.v & (PagesPerBlock() - 1)) != 0) return false;
  constexpr uint32_t kSettled = MEM_GOING_OFFLINE | MEM_OFFLINE | MEM_ONLINE | MEM_CANCEL_OFFLINE;
  return (action & kSettled) != 0;
}

bool ClaimsAny(const InstanceGhost& i) {
  for (Pfn pfn{i.base}; pfn.v < i.base + i.nr; pfn = pfn + PagesPerBlock()) {
    if (BlockGhostAt(BlockOf(pfn)).claimed != 0) return true;
  }
  return false;
}

}  // namespace

Owner ActingOwner() {
  const Ledger& l = ledger();
  return l.callback_task == sim::current_task().v ? l.callback_owner : kNobody;
}

bool Live(const InstanceGhost& instance) {
  if (instance.call_over == 0) return true;
  return instance.claimed != 0 && instance.released == 0;
}

void TouchBlock(BlockId b) {
  const uint64_t bit = uint64_t{1} << BlockIndex(b);
  ledger().touched_blocks |= bit;
  ledger().dirty_blocks |= bit;
  ledger().uncounted_blocks |= bit;
}

void EndTouched(uint16_t writer) {
  Ledger& l = ledger();
  const uint32_t* touched = Touched();
  auto* ghosts = sim::machine->Get<PageGhost>(kGhostRegion);
  for (uint32_t left = l.nr_touched; left != 0; --left) {
    PageGhost& g = ghosts[*touched++];
    g.touched = 0;
    g.writer = writer;
  }
  l.nr_touched = 0;
}

void EndNews() {
  Ledger& l = ledger();
  const News news = l.news;
  l.news = News{};
  if (news.operation_ended != 0) l.op = OperationGhost{};
  for (uint32_t i = 0; i < l.nr_instances; ++i) {
    InstanceGhost& instance = l.instances[i];
    if (news.operation_ended != 0) instance.given_up = 0;
    if (news.call_returned != 0 && instance.call_over != 0) instance.call_over = 1;
  }
}

void SetPhase(BlockId b, Phase phase) {
  BlockGhostAt(b).phase = phase;
  TouchBlock(b);
}

void AddTransient(Pfn pfn) {
  AddCached(pfn);
  ++ledger().transients;
}

void DropTransient(Pfn pfn) {
  DropCached(pfn);
  --ledger().transients;
}

void AddCached(Pfn pfn) { ++Touch(pfn).transient; }

void DropCached(Pfn pfn) { --Touch(pfn).transient; }

void DriverAccess(Pfn pfn) {
  const Owner o = GhostAt(pfn).owner;
  bool owns = IsInstance(o);
  const Owner acting = ActingOwner();
  if (owns && acting != kNobody) owns = o == acting;
  if (owns && acting == kNobody) {
    const InstanceGhost& i = InstanceAt(o);
    // What is claimed is the module's: the next writer may come before the call has returned.
    owns = i.task == sim::current_task().v || i.call_over != 0 || i.claimed != 0;
  }
  if (!owns) NoteTrespass(kForeignPage, pfn, o);
}

void NoteTrespass(uint8_t kind, Pfn pfn, Owner owner) {
  Ledger& l = ledger();
  if (l.news.trespass != kNone) return;
  l.news.trespass = kind;
  l.trespass = {pfn.v, owner, 0};
}

void NoteCleared(Pfn pfn) { GhostAt(pfn).cleared = 1; }

void NoteSeen(Pfn pfn, uint16_t function) {
  const BlockGhost& b = BlockGhostAt(BlockOf(pfn));
  if (b.claimed == 0) return NoteTrespass(kGivenBack, pfn, GhostAt(pfn).owner);
  OldData& old = ledger().old_data;
  if (GhostAt(pfn).cleared != 0 || old.function != 0) return;
  old = {pfn.v, function, b.phase, b.last_event};
}

InstanceId NewInstance(Pfn base, uint32_t nr) {
  Ledger& l = ledger();
  HOTPLUG_CHECK(l.nr_instances < kMaxInstances);
  const uint32_t id = l.nr_instances++;
  const uint32_t task = sim::current_task().v;
  l.instances[id] = InstanceGhost{base.v, nr, static_cast<uint8_t>(task), 0, 0, 0, 0, 0, 0, 0};
  l.instance_of[task] = static_cast<uint8_t>(id + 1);
  return InstanceId{id};
}

InstanceId NewDevice(Pfn base, uint32_t nr) {
  const InstanceId id = NewInstance(base, nr);
  InstanceGhost& i = ledger().instances[id.v];
  i.task = kMaxThreads;  // of no call
  i.claimed = 1;
  i.device = 1;
  ledger().device = static_cast<uint8_t>(id.v + 1);
  return id;
}

void ClaimBlock(BlockId b) { BlockGhostAt(b).claimed = 1; }

void Release(BlockId b, bool mapped) {
  Ledger& l = ledger();
  BlockGhostAt(b).claimed = 0;
  for (uint32_t k = 0; k < l.nr_instances; ++k) {
    InstanceGhost& i = l.instances[k];
    if (i.device != 0) continue;
    if (FirstPfn(b).v - i.base < i.nr && !ClaimsAny(i)) i.released = 1;
  }
  if (mapped) NoteTrespass(kGivenBack, FirstPfn(b), kNobody);
}

void ClaimRange(Pfn base, uint32_t nr) {
  Ledger& l = ledger();
  for (Pfn pfn = base; pfn < base + nr; pfn = pfn + PagesPerBlock()) ClaimBlock(BlockOf(pfn));
  for (uint32_t i = l.nr_instances; i-- > 0;) {
    InstanceGhost& g = l.instances[i];
    if (g.base != base.v || g.nr != nr || g.task != sim::current_task().v) continue;
    g.claimed = 1;
    // What somebody has added meanwhile is claimed all the same.
    g.released = 0;
    return;
  }
}

void ClaimRemoved(BlockId b) {
  const Pfn start = FirstPfn(b);
  const uint32_t nr = PagesPerBlock();
  Ledger& l = ledger();
  for (uint32_t i = 0; i < l.nr_instances; ++i) {
    InstanceGhost& g = l.instances[i];
    const bool below = start.v + nr == g.base;
    if (g.task != sim::current_task().v || g.call_over != 0 || !Live(g)) continue;
    if (!below && g.base + g.nr != start.v) continue;
    if (below) g.base = start.v;
    g.nr += nr;
    return ClaimBlock(b);
  }
  NewInstance(start, nr);
  ClaimRange(start, nr);
}

void CallReturned() {
  Ledger& l = ledger();
  const uint32_t task = sim::current_task().v;
  for (uint32_t i = 0; i < l.nr_instances; ++i) {
    if (l.instances[i].task == task && l.instances[i].call_over == 0) {
      l.instances[i].call_over = 2;
    }
  }
  l.instance_of[task] = 0;
  l.news.call_returned = static_cast<uint8_t>(task + 1);
}

void BeginOperation(BlockId start, uint32_t nr_blocks) {
  OperationGhost& op = ledger().op;
  op = OperationGhost{};
  op.task = static_cast<uint8_t>(sim::current_task().v);
  op.isolated = 1;
  for (uint32_t i = 0; i < nr_blocks; ++i) {
    op.blocks |= uint64_t{1} << BlockIndex(start + i);
    BlockGhostAt(start + i).last_event = 0;
  }
  const Pfn first = FirstPfn(start);
  const Pfn end = FirstPfn(start + nr_blocks);
  for (Pfn pfn = first; pfn < end; ++pfn) GhostAt(pfn).dropped = 0;
}

void NoteEvent(uint32_t action, const memory_notify_arg& arg) {
  const BlockId last = BlockOf(arg.start_pfn + (arg.nr_pages - 1));
  for (BlockId b = BlockOf(arg.start_pfn); b.v <= last.v; b = b + 1) {
    BlockGhostAt(b).last_event = static_cast<uint8_t>(action);
  }
  if (AreAccountsSettled(action, arg.start_pfn)) ledger().news.accounts = Accounts::kAtDelivery;
}

void UndoneIsolation(BlockId b) {
  OperationGhost& op = ledger().op;
  const bool own = op.task == sim::current_task().v && (op.blocks >> BlockIndex(b) & 1) != 0;
  if (own) op.isolated = 0;
}

void BeginCallback(Owner owner, uint32_t action, bool rolls_back) {
  Ledger& l = ledger();
  l.callback_owner = owner;
  l.callback_task = static_cast<uint8_t>(sim::current_task().v);
  if (action == MEM_CANCEL_OFFLINE && l.op.isolated != 0 && !rolls_back) l.op.early = 1;
}

void EndCallback(Owner owner, uint32_t action, const memory_notify_arg& arg, int32_t answer) {
  Ledger& l = ledger();
  l.callback_owner = kNobody;
  if (!IsInstance(owner)) return;
  // Who refuses keeps what it has.
  const bool refused = notifier_to_errno(answer) != 0;
  if (action == MEM_GOING_OFFLINE && !refused) InstanceAt(owner).given_up = 1;
  if (action == MEM_GOING_OFFLINE && Overlaps(InstanceAt(owner), arg)) InstanceAt(owner).asked = 1;
  if (action == MEM_OFFLINE || action == MEM_CANCEL_OFFLINE) InstanceAt(owner).given_up = 0;
  // What the owner may hold has changed, so its pages are to be looked at again.
  for (Pfn pfn = arg.start_pfn; pfn < arg.start_pfn + arg.nr_pages; ++pfn) {
    if (GhostAt(pfn).owner == owner) Touch(pfn);
  }
}

void EndOperation(bool succeeded) {
  Ledger& l = ledger();
  l.news.operation_ended = 1;
  l.op.succeeded = succeeded ? 1 : 0;
}

void Setup() {
  sim::machine->Carve<PageGhost>(kGhostRegion, geometry().nr_pages, false);
  sim::machine->Carve<Ledger>(kLedgerRegion, 1, false);
  sim::machine->Carve<uint32_t>(kTouchedRegion, geometry().nr_pages, false);
}

void Report(KernelReport kind, Pfn pfn, bool silent) {
  Ledger& l = ledger();
  if (kind == KernelReport::kWarn || kind == KernelReport::kBadPage) ++l.nr_warnings;
  // Of two in one step the first counts, but for one that the machine dies of.
  const bool deadly = kind == KernelReport::kBug || kind == KernelReport::kOops;
  const bool died = l.news.report == KernelReport::kBug || l.news.report == KernelReport::kOops;
  if (l.news.report != KernelReport::kNone && (died || !deadly)) return;
  l.news.report = kind;
  l.report_pfn = pfn.v;
  l.report_silent = silent ? 1 : 0;
}

}  // namespace hotplug::world
