// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/driver/guard.h"

#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "model/sim/machine.h"

namespace hotplug::driver {

namespace {

// So often is it looked whether there is progress.
constexpr uint32_t kLooks = 10;
constexpr size_t kStackBytes = size_t{64} << 10;
constexpr uintptr_t kNullPage = 4096;

// What a fault is called by the kernel, where it can be told as an oops.
struct Fault {
  int signal;
  const char* name;
  const char* oops;
};
constexpr Fault kFaults[] = {
    {SIGSEGV, "SIGSEGV", "Unable to handle kernel paging request"},
    {SIGBUS, "SIGBUS", "Unable to handle kernel paging request"},
    {SIGILL, "SIGILL", "invalid opcode"},
    {SIGTRAP, "SIGTRAP", "invalid opcode"},
    {SIGFPE, "SIGFPE", "divide error"},
    {SIGSYS, "SIGSYS", nullptr},
    {SIGABRT, "SIGABRT", nullptr},
};

const Fault* FindFault(int signal) {
  const auto* const fault = std::find_if(std::begin(kFaults), std::end(kFaults),
                                         [signal](const Fault& f) { return f.signal == signal; });
  return fault == std::end(kFaults) ? nullptr : fault;
}

struct State {
  GuardOptions options;
  const shim::Module* module = nullptr;
  bool loading = true;
  uint64_t progress = 0;  // at the last look
  uint32_t looks = 0;     // since there was any
  // Of the fault that becomes an oops.
  const char* oops = nullptr;
  uintptr_t culprit = 0;
};
State guard;

// ---- Registers ----

struct Registers {
  uintptr_t pc = 0;
  uintptr_t sp = 0;
  uintptr_t caller = 0;  // where a function that has just been called would return to
};

#if defined(__x86_64__)
uintptr_t Register(const ucontext_t& c, int number) {
  return static_cast<uintptr_t>(c.uc_mcontext.gregs[number]);
}
Registers RegistersOf(const ucontext_t& c) { return {Register(c, REG_RIP), Register(c, REG_RSP)}; }
// The stack has it. Only who knows that there is a stack may look.
uintptr_t CallerOf(const Registers& r) { return *reinterpret_cast<const uintptr_t*>(r.sp); }
void GoOnAt(void (*entry)(), ucontext_t* c) {
  constexpr uintptr_t kRedZone = 128;
  const uintptr_t sp = ((Register(*c, REG_RSP) - kRedZone) & ~uintptr_t{15}) - sizeof(uintptr_t);
  c->uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(sp);
  c->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(entry);
}
#elif defined(__aarch64__)
Registers RegistersOf(const ucontext_t& c) {
  return {c.uc_mcontext.pc, c.uc_mcontext.sp, c.uc_mcontext.regs[30]};
}
uintptr_t CallerOf(const Registers& r) { return r.caller; }
void GoOnAt(void (*entry)(), ucontext_t* c) {
  c->uc_mcontext.sp &= ~uintptr_t{15};
  c->uc_mcontext.pc = reinterpret_cast<uintptr_t>(entry);
}
#else
Registers RegistersOf(const ucontext_t&) { return {}; }
uintptr_t CallerOf(const Registers&) { return 0; }
void GoOnAt(void (*)(), ucontext_t*) {}
#endif

bool InImage(uintptr_t address) {
  if (guard.module == nullptr) return false;
  const shim::Image& image = guard.module->image();
  return address - image.begin < image.end - image.begin;
}

// The stack of the running task, if there is one of this module.
struct Stack {
  uintptr_t bottom = 0;
  bool Has(uintptr_t address) const {
    return bottom != 0 && address - bottom < sim::FiberPool::kStackBytes;
  }
  // Deep in what lies below it, and nowhere else, ends a recursion.
  bool OverflowsAt(uintptr_t address) const {
    return bottom != 0 && bottom - address <= sim::FiberPool::GuardBytes();
  }
};
Stack RunningStack() {
  const sim::Machine* machine = sim::machine;
  if (machine == nullptr || guard.module == nullptr) return {};
  if (machine->bound.module != guard.module) return {};
  const uint32_t task = machine->sim().current;
  return task < kMaxThreads ? Stack{machine->fibers.BottomOf(task)} : Stack{};
}

// ---- An oops ----

[[noreturn]] void Oops() { guard.module->Oops(guard.oops, guard.culprit); }

// Code of the file has faulted, or has called what is none: the simulated kernel is as it was when
// it called the file. True if it goes on with an oops.
bool BecomesOops(const Fault& fault, const Registers& r, uintptr_t address, ucontext_t* context) {
  if (fault.oops == nullptr || !RunningStack().Has(r.sp)) return false;
  if (RunningStack().OverflowsAt(address)) return false;
  const bool called = fault.signal == SIGSEGV && address == r.pc;
  guard.culprit = called ? CallerOf(r) : r.pc;
  if (!InImage(guard.culprit)) return false;
  const bool null = called && address < kNullPage;
  guard.oops = null ? "Unable to handle kernel NULL pointer dereference" : fault.oops;
  GoOnAt(&Oops, context);
  return true;
}

// ---- The end ----

void SayWhere(uintptr_t pc, Death* death) {
  if (guard.module == nullptr) return;
  if (!InImage(pc)) pc = guard.module->last_block() - 1;  // within the call
  if (!InImage(pc)) return;
  death->offset = pc - guard.module->image().begin;
  std::strncpy(death->function.data(), guard.module->FunctionAt(pc), death->function.size() - 1);
}

[[noreturn]] void Die(const Death& death) {
  guard.options.died(death);
  _exit(1);
}

void OnFault(int signal, siginfo_t* info, void* context) {
  auto* c = static_cast<ucontext_t*>(context);
  const Fault* fault = FindFault(signal);
  const Registers r = RegistersOf(*c);
  const bool sent = info->si_code <= 0;  // by somebody, and not by what the code did
  const auto address = signal == SIGSYS ? 0 : reinterpret_cast<uintptr_t>(info->si_addr);
  if (!sent && BecomesOops(*fault, r, address, c)) return;
  Death death;
  death.signal = signal;
  if (signal == SIGSYS && !sent) death.system_call = info->si_syscall;
  if (signal == SIGSEGV) death.overflow = RunningStack().OverflowsAt(address) ? 1 : 0;
  SayWhere(r.pc, &death);
  Die(death);
}

// Only the time counts that passes in the file's code, or in what it has called.
void OnTick(int, siginfo_t*, void* context) {
  const Registers r = RegistersOf(*static_cast<ucontext_t*>(context));
  const uint64_t progress = guard.module == nullptr ? 0 : guard.module->progress();
  const bool inside = guard.loading || InImage(r.pc) || RunningStack().Has(r.sp);
  guard.looks = inside && progress == guard.progress ? guard.looks + 1 : 0;
  guard.progress = progress;
  if (guard.looks < kLooks) return;
  Death death;
  death.seconds = guard.options.stall_seconds;
  SayWhere(r.pc, &death);
  Die(death);
}

void Handle(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigaction(signal, &action, nullptr);
}

}  // namespace

void Guard(const GuardOptions& options) {
  guard = State{};
  guard.options = options;
  alignas(16) static std::array<std::byte, kStackBytes> stack;
  stack_t alternate = {};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  sigaltstack(&alternate, nullptr);
  for (const Fault& fault : kFaults) {
    if (fault.signal != SIGABRT || options.aborts) Handle(fault.signal, &OnFault);
  }
  Handle(SIGPROF, &OnTick);
  const auto microseconds = uint64_t{options.stall_seconds} * 1'000'000 / kLooks;
  timeval interval = {};
  interval.tv_sec = static_cast<time_t>(microseconds / 1'000'000);
  interval.tv_usec = static_cast<suseconds_t>(microseconds % 1'000'000);
  const itimerval timer = {interval, interval};
  setitimer(ITIMER_PROF, &timer, nullptr);
}

void SetGuarded(const shim::Module* module) {
  guard.module = module;
  guard.loading = false;
}

Line Sentence(const Death& death, const char* name, const char* place) {
  Line where = {};
  Line line = {};
  if (death.function[0] != '\0') {
    const char* at = place[0] == '\0' ? "" : " at ";
    std::snprintf(where.data(), where.size(), "%s()%s%s: ", death.function.data(), at, place);
  }
  const auto write = [&](const char* format, auto... values) {
    const int n = std::snprintf(line.data(), line.size(), "%s: %s", name, where.data());
    const size_t done = std::min(static_cast<size_t>(n), line.size() - 1);
    std::snprintf(line.data() + done, line.size() - done, format, values...);
  };
  const Fault* fault = FindFault(death.signal);
  if (death.seconds != 0) {
    write("makes no progress for %u s of processor time", death.seconds);
  } else if (death.system_call >= 0) {
    write("makes a system call of its own (number %d)", death.system_call);
  } else if (fault == nullptr) {
    write("signal %d", death.signal);
  } else {
    write("%s%s", fault->name, death.overflow != 0 ? ": stack overflow" : "");
  }
  return line;
}

}  // namespace hotplug::driver
