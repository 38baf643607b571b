// SPDX-License-Identifier: GPL-2.0-or-later
//
// bench [--seconds=N] [--runs=N]
// bench --save=FILE [--runs=N]
// bench --count=FILE [--same]
//
// How fast scenarios run. The streams are fixed. The first is of 1000 (--runs=N) generated
// scenarios of two tasks, a third one that is always ready (AddWalker), and a schedule that
// switches at a fifth of the steps or more (MakeDense); seeds from 1 on, without those that cannot
// reach that. The second is a tenth of them, each ten times in a row, and so most often finds the
// machine that it needs. Prints tables in Markdown; docs/performance.md explains their lines.
//
// A tool that counts instructions takes minutes to get through the making of the first stream. So
// --save writes it into a file, for the same build to read, and --count runs it, or with --same the
// second stream, in one CountedPass() and says in a line what it was.
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <new>
#include <type_traits>
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
constexpr uint32_t kStay = 6;     // steps after which the schedule wants another task
constexpr uint32_t kInARow = 10;  // runs of one scenario, in the stream that keeps its machine

struct Options {
  double seconds = 20;
  uint32_t runs = 1000;
  const char* save = nullptr;
  const char* count = nullptr;
  bool same = false;
};

// Seconds of processor time: what else runs on the machine does not count.
double Now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Instructions of this thread in user space, where the kernel lets us count them.
class InstructionCounter {
 public:
  InstructionCounter() {
    perf_event_attr attr{};
    attr.type = PERF_TYPE_HARDWARE;
    attr.size = sizeof(attr);
    attr.config = PERF_COUNT_HW_INSTRUCTIONS;
    attr.exclude_kernel = 1;
    attr.exclude_hv = 1;
    fd_ = static_cast<int>(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
  }
  ~InstructionCounter() {
    if (fd_ >= 0) close(fd_);
  }
  InstructionCounter(const InstructionCounter&) = delete;
  InstructionCounter& operator=(const InstructionCounter&) = delete;

  // So far; 0 where they cannot be counted.
  uint64_t Read() const {
    uint64_t count = 0;
    return read(fd_, &count, sizeof(count)) == sizeof(count) ? count : 0;
  }

 private:
  int fd_;
};

// ---- The streams ------------------------------------------------------------------------

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

// Nine of ten runs are on the machine of the run before.
std::vector<Scenario> KeepMachines(const std::vector<Scenario>& stream) {
  std::vector<Scenario> kept;
  kept.reserve(stream.size());
  for (uint32_t i = 0; i < stream.size(); ++i) kept.push_back(stream[i / kInARow]);
  return kept;
}

// ---- The reference: switches of tasks, and nothing else ---------------------------------

sim::FiberPool* pool = nullptr;

// Inlined by -flto, the two ends of a switch would be another thing than they are in a run.
[[gnu::noinline]] void SwitchFrom(uint32_t from, uint32_t to) { pool->Switch(from, to); }

void BackAndForth(uint32_t id) {
  for (;;) SwitchFrom(id, sim::FiberPool::kMain);
}

double NanosecondsPerSwitch() {
  constexpr uint32_t kRounds = 1'000'000;
  pool->Prepare(0, &BackAndForth);
  const double start = Now();
  for (uint32_t i = 0; i < kRounds; ++i) SwitchFrom(sim::FiberPool::kMain, 0);
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

// Digests of the state after each step of each run.
void CollectStates(const std::vector<Scenario>& stream, std::vector<uint64_t>* states) {
  run::RunOptions options;
  options.states = states;
  run::Outcome out;
  states->clear();
  for (const Scenario& s : stream) run::Run(s, options, &out);
}

uint64_t Distinct(std::vector<uint64_t> states) {
  std::sort(states.begin(), states.end());
  return static_cast<uint64_t>(std::unique(states.begin(), states.end()) - states.begin());
}

double Median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

// What the passes over one stream have taken, and what they have shown.
struct Measured {
  Totals totals;
  std::vector<double> seconds;
  uint64_t instructions = 0;  // of the last pass; 0 where they cannot be counted
};

void MeasurePass(const std::vector<Scenario>& stream, const InstructionCounter& counter,
                 Measured* m) {
  const uint64_t instructions = counter.Read();
  const double start = Now();
  m->totals = RunAll(stream);
  m->seconds.push_back(Now() - start);
  m->instructions = counter.Read() - instructions;
}

struct Results {
  uint64_t skipped = 0;  // seeds
  Measured other, same;
  uint64_t states = 0;  // distinct ones, of the first stream
  std::vector<double> states_seconds;
  std::vector<double> switch_ns;
  uint64_t allocated = 0;
};

void PrintStreams(const Results& r, uint64_t runs) {
  const Totals& t = r.other.totals;
  const Totals& u = r.same.totals;
  const auto per = [](uint64_t a, uint64_t b) {
    return static_cast<double>(a) / static_cast<double>(b);
  };
  std::printf("| stream | another machine | the same machine |\n|---|---|---|\n");
  std::printf("| runs, each pass | %" PRIu64 " | %" PRIu64 " |\n", runs, runs);
  std::printf("| steps a run | %.1f | %.1f |\n", per(t.steps, runs), per(u.steps, runs));
  std::printf("| steps that switch tasks | %.1f %% | %.1f %% |\n", 100 * per(t.switches, t.steps),
              100 * per(u.switches, u.steps));
  std::printf("| seeds skipped, as they switch less than 20 %% | %" PRIu64 " | |\n", r.skipped);
  std::printf("| runs that end with a violation | %" PRIu64 " | %" PRIu64 " |\n", t.violations,
              u.violations);
  std::printf("| distinct states | %" PRIu64 " | |\n", r.states);
  std::printf("| allocations, after the first pass | %" PRIu64 " | |\n", r.allocated);
  std::printf("| digest | 0x%016" PRIx64 " | 0x%016" PRIx64 " |\n\n", t.digest, u.digest);
}

// `instructions` are those of `count` things; 0: they have not been counted.
void PrintRow(const char* what, uint64_t count, double seconds, double switch_ns,
              uint64_t instructions) {
  const double n = static_cast<double>(count);
  std::printf("| %s | %.0f | %.1f | ", what, n / seconds, 1e9 * seconds / n / switch_ns);
  if (instructions != 0) std::printf("%.0f ", static_cast<double>(instructions) / n);
  std::printf("|\n");
}

void PrintSpeed(const Results& r, uint64_t runs) {
  const double switch_ns = Median(r.switch_ns);
  const double other = Median(r.other.seconds);
  const double same = Median(r.same.seconds);
  const uint64_t steps = r.other.totals.steps;
  std::printf(
      "| on one core | per second of processor time | one costs so many switches | "
      "instructions |\n|---|---|---|---|\n");
  PrintRow("task switches (the reference)", 1, 1e-9 * switch_ns, switch_ns, 0);
  PrintRow("steps", steps, other, switch_ns, r.other.instructions);
  PrintRow("steps, same machine", r.same.totals.steps, same, switch_ns, r.same.instructions);
  PrintRow("steps, with the digest of their state", steps, Median(r.states_seconds), switch_ns, 0);
  PrintRow("distinct states", r.states, Median(r.states_seconds), switch_ns, 0);
  PrintRow("runs", runs, other, switch_ns, r.other.instructions);
  PrintRow("runs, same machine", runs, same, switch_ns, r.same.instructions);
}

int Bench(const Options& options) {
  const double begin = Now();
  const Stream made = MakeStream(options.runs);
  const std::vector<Scenario>& other = made.scenarios;
  const std::vector<Scenario> same = KeepMachines(other);
  const auto fibers = std::make_unique<sim::FiberPool>();
  pool = fibers.get();
  const InstructionCounter counter;
  Results r;
  r.skipped = made.skipped;
  std::vector<uint64_t> states;
  CollectStates(other, &states);  // warm, and `states` is as large as it gets
  r.states = Distinct(states);

  for (uint32_t i = 0; i < kRepetitions; ++i) {
    if (i >= 3 && Now() - begin > options.seconds) break;
    r.switch_ns.push_back(NanosecondsPerSwitch());
    r.other.seconds.reserve(kRepetitions);
    r.same.seconds.reserve(kRepetitions);
    const uint64_t before = allocations;
    MeasurePass(other, counter, &r.other);
    MeasurePass(same, counter, &r.same);
    r.allocated += allocations - before;
    const double start = Now();
    CollectStates(other, &states);
    r.states_seconds.push_back(Now() - start);
  }
  PrintStreams(r, other.size());
  PrintSpeed(r, other.size());
  if (r.allocated == 0) return 0;
  std::fprintf(stderr, "bench: runs allocate memory: %" PRIu64 " times\n", r.allocated);
  return 1;
}

// ---- For tools that count instructions --------------------------------------------------

static_assert(std::is_trivially_copyable_v<Scenario>);
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

int Fail(const char* path) {
  std::fprintf(stderr, "bench: %s: %s\n", path, std::strerror(errno));
  return 2;
}

int Save(const char* path, uint32_t runs) {
  const std::vector<Scenario> stream = MakeStream(runs).scenarios;
  const File file(std::fopen(path, "wb"), &std::fclose);
  if (file == nullptr) return Fail(path);
  if (std::fwrite(stream.data(), sizeof(Scenario), runs, file.get()) != runs) return Fail(path);
  return std::fflush(file.get()) == 0 ? 0 : Fail(path);
}

// The name is what a tool is told to look for (regress/soak/instructions).
[[gnu::noinline]] Totals CountedPass(const std::vector<Scenario>& stream) { return RunAll(stream); }

int Count(const char* path, bool same) {
  const File file(std::fopen(path, "rb"), &std::fclose);
  if (file == nullptr) return Fail(path);
  std::vector<Scenario> stream;
  for (Scenario s; std::fread(&s, sizeof(s), 1, file.get()) == 1;) stream.push_back(s);
  if (same) stream = KeepMachines(stream);
  RunAll(stream);  // warm
  const Totals t = CountedPass(stream);
  std::printf("runs=%zu steps=%" PRIu64 " digest=0x%016" PRIx64 "\n", stream.size(), t.steps,
              t.digest);
  return 0;
}

// ---- The command line -------------------------------------------------------------------

// Whether it is an option; its value goes into `options`.
bool Parse(const char* arg, Options* options) {
  const auto value = [arg](const char* name) {
    const size_t length = std::strlen(name);
    return std::strncmp(arg, name, length) == 0 ? arg + length : nullptr;
  };
  const char* text = nullptr;
  char* end = nullptr;
  if (std::strcmp(arg, "--same") == 0) return options->same = true;
  if ((text = value("--save=")) != nullptr) return *(options->save = text) != 0;
  if ((text = value("--count=")) != nullptr) return *(options->count = text) != 0;
  if ((text = value("--seconds=")) != nullptr) {
    options->seconds = std::strtod(text, &end);
    return end != text && *end == 0 && options->seconds > 0;
  }
  if ((text = value("--runs=")) != nullptr) {
    options->runs = static_cast<uint32_t>(std::strtoul(text, &end, 10));
    return end != text && *end == 0 && options->runs > 0;
  }
  return false;
}

}  // namespace
}  // namespace hotplug

int main(int argc, char** argv) {
  hotplug::Options options;
  for (int i = 1; i < argc; ++i) {
    if (hotplug::Parse(argv[i], &options)) continue;
    std::fputs("usage: bench [--seconds=N] [--runs=N] [--save=FILE | --count=FILE [--same]]\n",
               stderr);
    return 2;
  }
  if (options.save != nullptr) return hotplug::Save(options.save, options.runs);
  if (options.count != nullptr) return hotplug::Count(options.count, options.same);
  return hotplug::Bench(options);
}
