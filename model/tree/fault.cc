// SPDX-License-Identifier: GPL-2.0-or-later
//
// Faults of kernel code, and calls of what nobody defines: they become reports of the machine.
#include <sys/mman.h>
#include <ucontext.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "model/sim/asan.h"
#include "model/sim/sched.h"
#include "model/tree/call.h"
#include "model/tree/host.h"
#include "model/tree/tracepoints.h"
#include "model/tree/world.h"
#include "model/world/ledger.h"

namespace hotplug::tree {

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
constexpr size_t kAlternateStack = size_t{64} << 10;

struct FaultPlace {
  uintptr_t pc;
  uintptr_t address;
  bool call;  // of the address
};

// A handler has its own stack where there is one: that of the kernel may be what is at its end.
void EnsureAlternateStack() {
  stack_t now = {};
  sigaltstack(nullptr, &now);
  if ((now.ss_flags & SS_DISABLE) == 0) return;
  void* map =
      mmap(nullptr, kAlternateStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  HOTPLUG_CHECK(map != MAP_FAILED);
  stack_t stack = {};
  stack.ss_sp = map;
  stack.ss_size = kAlternateStack;
  sigaltstack(&stack, nullptr);
}

uintptr_t Register(const ucontext_t& c, int number) {
  return static_cast<uintptr_t>(c.uc_mcontext.gregs[number]);
}

// A call of what is no code has put its caller on the stack.
FaultPlace PlaceOf(const ucontext_t& c, const siginfo_t& info) {
  const uintptr_t pc = Register(c, REG_RIP);
  const auto address = reinterpret_cast<uintptr_t>(info.si_addr);
  const uintptr_t sp = Register(c, REG_RSP);
  if (info.si_signo == SIGSEGV && address == pc && OnStack(RunningStack(), sp)) {
    return {*reinterpret_cast<const uintptr_t*>(sp) - 1, address, true};
  }
  return {pc, address, false};
}

std::string Hex(uint64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
  return text.data();
}

std::string Place(uintptr_t pc) { return world_of_machine().image().NameAt(pc); }

// On the stack of the kernel, in place of the code that has faulted.
[[noreturn]] HOTPLUG_NO_ASAN void Oops(uintptr_t pc, uintptr_t address, uintptr_t call) {
  const char* absent = world_of_machine().image().AbsentAt(address);
  if (absent != nullptr) {
    Die(ReportKind::kNotSimulated, pc, address,
        "not simulated: " + std::string(absent) + (call != 0 ? " (call)" : " (data)") + " at " +
            Place(pc));
  }
  if (address >= WORLD_IO && address < WORLD_CONTENTS_END) {
    Die(ReportKind::kNotSimulated, pc, 0, "not simulated: contents of memory at " + Place(pc));
  }
  Die(ReportKind::kFault, pc, address, "fault at " + Hex(address) + " in " + Place(pc));
}

void GoOnInOops(const FaultPlace& f, ucontext_t* c) {
  greg_t* r = c->uc_mcontext.gregs;
  r[REG_RSP] = static_cast<greg_t>(StackTop(RunningStack()) - sizeof(uintptr_t));
  r[REG_RIP] = reinterpret_cast<greg_t>(&Oops);
  r[REG_RDI] = static_cast<greg_t>(f.pc);
  r[REG_RSI] = static_cast<greg_t>(f.address);
  r[REG_RDX] = f.call ? 1 : 0;
}

sim::Tp TracePointOf(ReportKind kind) {
  switch (kind) {
    case ReportKind::kBug:
      return kTpBug;
    case ReportKind::kNotSimulated:
      return kTpAbsent;
    default:
      return kTpFault;
  }
}

// A page of the block that the running task takes offline, if it does.
world::Pfn OwnRange() {
  const world::OperationGhost& op = world::ledger().op;
  if (op.blocks == 0 || op.task != sim::current_task().v) return world::Pfn{world::kNoPfn};
  const auto first = static_cast<uint32_t>(__builtin_ctzll(op.blocks));
  return world::FirstPfn(world::BlockNumber(first));
}

}  // namespace

void World::OnFault(int signal, siginfo_t* info, void* context) {
  auto* c = static_cast<ucontext_t*>(context);
  World* world = sim::machine == nullptr ? nullptr : sim::machine->bound.tree;
  if (world != nullptr && info->si_code > 0) {
    const FaultPlace f = PlaceOf(*c, *info);
    if (world->image_->InText(f.pc)) {
      world->places_.Note(reinterpret_cast<const void*>(Register(*c, REG_RBP)), f.pc);
      GoOnInOops(f, c);
      return;
    }
  }
  // Somebody else's: it happens again without us.
  if (world != nullptr) {
    sigaction(signal, &world->before_[signal], nullptr);
  } else {
    ::signal(signal, SIG_DFL);
  }
}

void World::HandleFaults() {
  EnsureAlternateStack();
  struct sigaction action = {};
  action.sa_sigaction = &OnFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int signal : kSignals) sigaction(signal, &action, &before_[signal]);
}

World::~World() {
  for (const int signal : kSignals) sigaction(signal, &before_[signal], nullptr);
  if (sim::machine == nullptr || sim::machine->bound.tree != this) return;
  sim::machine->bound.tree = nullptr;
  sim::machine->hooks.state = nullptr;
}

HOTPLUG_NO_ASAN void Die(ReportKind kind, uintptr_t pc, uint64_t address, std::string text) {
  const uint16_t number = world_of_machine().AddText(std::move(text));
  State& s = state();
  const bool call =
      kind == ReportKind::kNotSimulated && address != 0 && address % WORLD_ABSENT_STRIDE == 0;
  if (s.nr_reports == kMaxReports) --s.nr_reports;
  s.reports[s.nr_reports++] = {kind, static_cast<uint8_t>(call ? 1 : 0), number,
                               static_cast<uint32_t>(pc), address};
  if (!InTask()) hotplug_tree_unwind(StackTop(RunningStack()), -EFAULT);
  const bool bug = kind == ReportKind::kBug;
  if (InTask() && kind != ReportKind::kNotSimulated) {
    world::Report(bug ? world::KernelReport::kBug : world::KernelReport::kOops, OwnRange(), false);
  }
  sim::dead(TracePointOf(kind), number);
}

std::string ReportText(const Report& report) { return world_of_machine().Text(report.text); }

}  // namespace hotplug::tree
