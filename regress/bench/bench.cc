// SPDX-License-Identifier: GPL-2.0-or-later
//
// bench [--seconds=N] [--runs=N]
//
// How fast scenarios run. The stream is fixed: 1000 (--runs=N) generated scenarios of two tasks, a
// third one that is always ready (AddWalker), and a schedule that switches at a fifth of the steps
// or more (MakeDense); seeds from 1 on, without those that cannot reach that. Prints a table in
// Markdown; docs/performance.md explains its lines.
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "model/run/run.h"
#include "model/scenario/generate.h"
#include "model/scenario/random.h"

// ---- Allocations are counted. The library uses no malloc() of its own.

namespace {
uint64_t allocations = 0;

void* CountedAlloc(size_t size) {
  ++allocations;
  void* p = std::malloc(size == 0 ? 1 : size);
  if (p == nullptr) std::abort();
  return p;
}
}  // namespace

void* operator new(size_t size) { return CountedAlloc(size); }
void* operator new[](size_t size) { return CountedAlloc(size); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete[](void* p, size_t) noexcept { std::free(p); }

namespace hotplug {
namespace {

using scenario::Preemption;
using scenario::Scenario;

constexpr uint32_t kRepetitions = 9;
constexpr uint32_t kStay = 6;  // steps after which the schedule wants another task

struct Options {
  double seconds = 20;
  uint32_t runs = 1000;
};

double Now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

// ---- The stream -------------------------------------------------------------------------

// Most requests wait for one lock, so most of the time one task alone is ready. This one never
// waits: it takes and drops references and allocates and frees pages.
void AddWalker(Scenario* s, uint64_t seed) {
  scenario::Random random(seed);
  const uint8_t self = static_cast<uint8_t>(s->tasks.size);
  s->tasks.push(scenario::Task{scenario::Role::kWalker});
  for (uint32_t i = 0; !s->ops.full(); ++i) {
    constexpr scenario::OpKind kTurns[] = {scenario::OpKind::kGet, scenario::OpKind::kAlloc,
                                           scenario::OpKind::kPut, scenario::OpKind::kFree};
    scenario::Op op;
    op.kind = kTurns[i % 4];
    op.task = self;
    if (op.kind == scenario::OpKind::kGet) {
      op.block = static_cast<uint8_t>(random.Below(s->machine.blocks.size));
      op.page = static_cast<uint16_t>(random.Below(scenario::PagesPerBlock(s->machine)));
    }
    if (op.kind == scenario::OpKind::kAlloc) {
      op.arg = static_cast<uint8_t>(scenario::Mobility::kMovable);
      op.node = s->machine.blocks[0].node;
    }
    s->ops.push(op);
  }
}

// One step of a run: whose it was, and its number among that task's steps.
struct Where {
  uint8_t task;
  uint16_t own_step;
};

std::vector<Where> StepsOf(const Scenario& s, run::Outcome* out) {
  run::RunOptions options;
  options.keep_trace = true;
  run::Run(s, options, out);
  std::vector<Where> steps;
  uint16_t own[kMaxThreads + 1] = {};
  for (const sim::Record& r : run::Trace()) {
    if (r.step != steps.size() + 1) continue;  // not a step of its own
    steps.push_back({static_cast<uint8_t>(r.task), ++own[r.task]});
  }
  return steps;
}

// Goes through a run from its beginning and makes it switch to another task, taking turns, after
// kStay steps or as soon as another task is ready then; from the walker after each of its steps.
// What is before a preemption does not depend on it, so that each is tried once.
// False if fewer than a fifth of the steps are switches then.
bool MakeDense(Scenario* s) {
  s->schedule = {};
  run::Outcome out;
  std::vector<Where> steps = StepsOf(*s, &out);
  uint32_t turn = 0;
  uint32_t last = 0;
  for (uint32_t i = 1; i + 1 < steps.size() && !s->schedule.full(); ++i) {
    if (steps[i].task != steps[i - 1].task) last = i;
    const uint32_t stay = steps[i].task + 1u == s->tasks.size ? 1 : kStay;
    if (i - last + 1 < stay || steps[i + 1].task != steps[i].task) continue;
    for (uint32_t k = 0; k < s->tasks.size; ++k) {
      const uint8_t other = static_cast<uint8_t>((turn + k) % s->tasks.size);
      if (other == steps[i].task) continue;
      s->schedule.push(Preemption{steps[i].task, other, steps[i].own_step});
      std::vector<Where> with = StepsOf(*s, &out);
      if (i + 1 < with.size() && with[i + 1].task == other) {
        steps = std::move(with);
        turn = other + 1u;
        break;
      }
      s->schedule.erase(s->schedule.size - 1);
    }
  }
  StepsOf(*s, &out);
  return 5 * out.switches >= out.steps;
}

struct Stream {
  std::vector<Scenario> scenarios;
  uint64_t skipped = 0;  // seeds
};

Stream MakeStream(uint32_t runs) {
  scenario::GenerateOptions options;
  options.nr_drivers = run::Names().nr_drivers;
  options.nr_kernels = run::Names().nr_kernels;
  options.driver = 0;
  options.kernel = 0;
  options.min_tasks = 2;
  options.max_tasks = 2;
  Stream stream;
  stream.scenarios.reserve(runs);
  for (uint64_t seed = 1; stream.scenarios.size() < runs; ++seed) {
    Scenario s = scenario::Generate(seed, options);
    s.machine.pcp_high = s.machine.pagevec = 0;
    AddWalker(&s, seed);
    if (MakeDense(&s)) {
      stream.scenarios.push_back(s);
    } else {
      ++stream.skipped;
    }
  }
  return stream;
}

// ---- The reference: switches of tasks, and nothing else ---------------------------------

sim::FiberPool* pool = nullptr;

void BackAndForth(uint32_t id) {
  for (;;) pool->Switch(id, sim::FiberPool::kMain);
}

double NanosecondsPerSwitch() {
  constexpr uint32_t kRounds = 1'000'000;
  pool->Prepare(0, &BackAndForth);
  const double start = Now();
  for (uint32_t i = 0; i < kRounds; ++i) pool->Switch(sim::FiberPool::kMain, 0);
  return (Now() - start) / (2.0 * kRounds) * 1e9;
}

// ---- Measuring --------------------------------------------------------------------------

struct Totals {
  uint64_t steps = 0;
  uint64_t switches = 0;
  uint64_t violations = 0;
  uint64_t digest = 0;
};

Totals RunAll(const std::vector<Scenario>& stream) {
  Totals t;
  run::Outcome out;
  for (const Scenario& s : stream) {
    run::Run(s, run::RunOptions{}, &out);
    t.steps += out.steps;
    t.switches += out.switches;
    t.violations += out.listed != 0 ? 1 : 0;
    t.digest = sim::MixDigest(t.digest, out.digest);
  }
  return t;
}

uint64_t DistinctStates(const std::vector<Scenario>& stream) {
  std::vector<uint64_t> states;
  run::RunOptions options;
  options.states = &states;
  run::Outcome out;
  for (const Scenario& s : stream) run::Run(s, options, &out);
  std::sort(states.begin(), states.end());
  const auto end = std::unique(states.begin(), states.end());
  return static_cast<uint64_t>(end - states.begin());
}

double Median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

void Print(const Totals& t, uint64_t runs, uint64_t skipped, uint64_t states, uint64_t per_run,
           double seconds, double switch_ns) {
  const auto row = [switch_ns](const char* what, double rate) {
    std::printf("| %s | %.0f | %.1f |\n", what, rate, 1e9 / rate / switch_ns);
  };
  const double steps = static_cast<double>(t.steps);
  std::printf("| stream | |\n|---|---|\n");
  std::printf("| runs | %" PRIu64 " |\n", runs);
  std::printf("| steps a run | %.1f |\n", steps / static_cast<double>(runs));
  std::printf("| steps that switch tasks | %.1f %% |\n",
              100.0 * static_cast<double>(t.switches) / steps);
  std::printf("| seeds skipped, as they switch less than 20 %% | %" PRIu64 " |\n", skipped);
  std::printf("| runs that end with a violation | %" PRIu64 " |\n", t.violations);
  std::printf("| distinct states | %" PRIu64 " |\n", states);
  std::printf("| allocations a run, after the first | %" PRIu64 " |\n", per_run);
  std::printf("| digest | 0x%016" PRIx64 " |\n\n", t.digest);
  std::printf("| on one core | per second | one costs so many switches |\n|---|---|---|\n");
  row("task switches (the reference)", 1e9 / switch_ns);
  row("steps", steps / seconds);
  row("distinct states", static_cast<double>(states) / seconds);
  row("runs", static_cast<double>(runs) / seconds);
}

int Bench(const Options& options) {
  const double begin = Now();
  const auto fibers = std::make_unique<sim::FiberPool>();
  pool = fibers.get();
  const Stream made = MakeStream(options.runs);
  const std::vector<Scenario>& stream = made.scenarios;
  const uint64_t states = DistinctStates(stream);
  RunAll(stream);  // warm

  Totals totals;
  std::vector<double> seconds, switch_ns;
  uint64_t allocated = 0;
  for (uint32_t i = 0; i < kRepetitions; ++i) {
    if (i >= 3 && Now() - begin > options.seconds) break;
    switch_ns.push_back(NanosecondsPerSwitch());
    const uint64_t before = allocations;
    const double start = Now();
    totals = RunAll(stream);
    const double end = Now();
    allocated += allocations - before;
    seconds.push_back(end - start);
  }
  const uint64_t runs = stream.size();
  Print(totals, runs, made.skipped, states, (allocated + runs - 1) / runs, Median(seconds),
        Median(switch_ns));
  if (allocated != 0) {
    std::fprintf(stderr, "bench: runs allocate memory: %" PRIu64 " times\n", allocated);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace hotplug

int main(int argc, char** argv) {
  hotplug::Options options;
  for (int i = 1; i < argc; ++i) {
    char* end = nullptr;
    if (std::strncmp(argv[i], "--seconds=", 10) == 0) {
      options.seconds = std::strtod(argv[i] + 10, &end);
    } else if (std::strncmp(argv[i], "--runs=", 7) == 0) {
      options.runs = static_cast<uint32_t>(std::strtoul(argv[i] + 7, &end, 10));
    }
    if (end == nullptr || *end != '\0' || options.seconds <= 0 || options.runs == 0) {
      std::fputs("usage: bench [--seconds=N] [--runs=N]\n", stderr);
      return 2;
    }
  }
  return hotplug::Bench(options);
}
