// SPDX-License-Identifier: GPL-2.0-or-later
//
// Run(): the one way of a scenario through the machine. Fuzz targets, the command line,
// tests, explorers and benchmarks all call it; nothing else runs a scenario.
//
//   const run::Outcome o = run::Run(scenario, run::RunOptions{});
//   if (o.verdict == run::Verdict::kViolation) ... o.violations[0] ...
//
// The same scenario and options give the same outcome, digest included, on every build.
// Nothing is allocated after the first run of a thread (unless the trace is kept).
#ifndef MODEL_RUN_RUN_H_
#define MODEL_RUN_RUN_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/actors/actors.h"
#include "model/invariants/invariants.h"
#include "model/run/world.h"
#include "model/scenario/scenario.h"

namespace hotplug::run {

enum class OnViolation : uint8_t {
  kStop,    // end at the first violation: fuzzing, minimizing
  kRecord,  // go on; later violations are listed as consequences
};

// Somebody who looks at the machine while it runs, and changes nothing.
class Observer {
 public:
  virtual ~Observer() = default;
  // The machine at the end of its boot, before the first task runs.
  virtual void Begin() = 0;
  // After a step, on the stack of the task that made it.
  virtual void Step() = 0;
};

// Something that a task did, or was about to do, when it had made so many steps of its own.
struct Reached {
  uint8_t task;
  When when;
  uint16_t step;
  sim::AnchorId id;
};

struct RunOptions {
  OnViolation on_violation = OnViolation::kStop;
  invariants::Ids disabled = 0;  // invariants that are not evaluated
  bool keep_trace = false;
  bool full_checks = false;                 // every page at every step: slow, the same verdicts
  std::vector<uint64_t>* states = nullptr;  // gets the digest of the state after each step
  Observer* observer = nullptr;             // is called at the start and after each step
  std::vector<Reached>* reached = nullptr;  // gets all that tasks do and preemptions can be at
  uint32_t max_steps = kMaxSteps;
  const World* world = &kModelWorld;
  // In place of the scenario's driver; for drivers that are in no table.
  const drivers::Driver* driver = nullptr;
};

// kNotSimulated: the world has come to something that nobody has written for it.
enum class Verdict : uint8_t { kOk, kViolation, kLiveness, kLimit, kNotSimulated };
const char* Name(Verdict v);

struct Outcome {
  Verdict verdict = Verdict::kOk;
  bool stuck_benign = false;  // ended stuck, on something that somebody may hold
  uint32_t steps = 0;
  uint64_t digest = 0;
  uint32_t switches = 0;           // steps after which another task ran
  uint32_t nr_violations = 0;      // found; the first kMaxViolations are listed
  uint32_t nr_warnings = 0;        // WARN and bad_page
  invariants::Ids not_judged = 0;  // what the world cannot judge: of that no verdict says ok
  uint32_t listed = 0;
  std::array<invariants::Violation, kMaxViolations> violations{};
  std::array<uint16_t, 16> lock_order{};  // classes taken while each was held
  // For a run that was stuck: what each task waited for.
  uint32_t nr_waits = 0;
  struct Wait {
    uint8_t task;
    sim::TaskState state;
    uint8_t lock_class;  // kLocked, kPolling
    uint8_t other;       // task that it waits for: holder of the lock, or `after`
    uint32_t object;     // kSpinning: the pfn
  };
  std::array<Wait, kMaxThreads> waits{};

  const invariants::Violation* first() const { return listed == 0 ? nullptr : &violations[0]; }
};

// Runs a valid scenario (scenario::Invalid() is null).
void Run(const scenario::Scenario& s, const RunOptions& options, Outcome* out);
inline Outcome Run(const scenario::Scenario& s, const RunOptions& options = {}) {
  Outcome o;
  Run(s, options, &o);
  return o;
}

// The two ends of a run whose host chooses who runs (model/run/choices.h). Begin(): the machine at
// the end of its boot, with all tasks, before the first one runs; false if the world has come to
// something by then that nobody has written for it. End(): of a run that has stopped so.
bool Begin(const scenario::Scenario& s, const RunOptions& options, Outcome* out);
void End(sim::Stop stop, Outcome* out);

// About this thread's last run, valid until the next one: its records (with keep_trace),
// what the operations answered, what the world looked like at its end, and whose an allocation was.
const std::vector<sim::Record>& Trace();
inline const actors::Result& ResultOf(uint32_t op) { return actors::ResultOf(op); }
WorldState StateAtEnd();
inline std::vector<BlockEnd> BlocksAtEnd() { return StateAtEnd().blocks; }
world::AllocationState AllocationOf(world::Owner owner);
std::vector<world::Frame> CallChain(uint32_t task, uint32_t step);  // of a kept trace
// Of Verdict::kNotSimulated: "not simulated: NAME (call) at FUNCTION+OFFSET".
std::string NotSimulated();

// The kernel that a run with these options simulates: "6.1+own_isolation", or of a tree "6.1.192".
std::string KernelOf(const scenario::Scenario& s, const RunOptions& options);

// Names of drivers and kernels as scenarios know them.
scenario::Names Names();
}  // namespace hotplug::run

#endif  // MODEL_RUN_RUN_H_
