// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tests of the simulated machine share.
//
// Rig runs functions as tasks, on a machine of its own beside the one that run::Run() uses:
//
//   Rig rig(SmallBoot());
//   int rc = 1;
//   rig.Task([&] { rc = mm::offline_pages(mm::BlockId{5}); });
//   CHECK(rig.Run() == sim::Stop::kFinished);
//   CHECK(rc == 0);
//
// A task only notes what it sees: nothing on its stack is unwound if the run ends early, so
// assertions belong behind Run().
//
// RunText() runs a scenario that is written down, and keeps its trace.
#ifndef REGRESS_UNIT_HARNESS_H_
#define REGRESS_UNIT_HARNESS_H_

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "model/mm/boot.h"
#include "model/mm/fault.h"
#include "model/mm/ledger.h"
#include "model/mm/memory.h"
#include "model/mm/notifier.h"
#include "model/mm/tracepoints.h"
#include "model/run/run.h"
#include "model/scenario/print.h"
#include "model/scenario/text/parse.h"
#include "model/sim/lock.h"
#include "regress/unit/catch.h"
#include "regress/unit/files.h"

namespace hotplug::testing {

using Strings = std::vector<std::string>;

// Blocks 4 .. 4+blocks-1 of node 0, ZONE_NORMAL, of 4 pages in 2 pageblocks.
inline mm::BootConfig SmallBoot(uint32_t blocks = 4) {
  mm::BootConfig boot{};
  boot.first_block = 4;
  boot.nr_blocks = blocks;
  boot.block_order = 2;
  boot.pageblock_order = 1;
  boot.max_order = 2;
  for (mm::BootBlock& b : boot.blocks) b.zone = mm::ZONE_NORMAL;
  return boot;
}

// The zones that small machines have.
inline uint32_t NormalIndex(uint32_t nid = 0) {
  return mm::ZoneIndex(mm::NodeId{nid}, mm::ZONE_NORMAL);
}
inline uint32_t MovableIndex(uint32_t nid = 0) {
  return mm::ZoneIndex(mm::NodeId{nid}, mm::ZONE_MOVABLE);
}
inline mm::zone& NormalZone(uint32_t nid = 0) { return mm::mm().zones[NormalIndex(nid)]; }

class Rig {
 public:
  static constexpr sim::Region kLocks = 1;  // regions of a machine without mm
  static constexpr sim::Region kWords = 2;
  static constexpr sim::Region kNotifiers = 7;
  static constexpr uint32_t kObjects = 8;

  Rig() {
    Enter();
    sim::machine->Carve<sim::Lock>(kLocks, kObjects, false);
    sim::machine->Carve<uint64_t>(kWords, kObjects, true);
    for (uint32_t i = 0; i < kObjects; ++i) InitLock(lock(i), static_cast<uint8_t>(i));
  }
  explicit Rig(const mm::BootConfig& boot) {
    Enter();
    mm::Boot(boot);
    sim::machine->Carve<mm::notifier_block>(kNotifiers, kObjects, false);
    sim::machine->bound.notifiers = &notifiers;
    sim::machine->bound.faults = &faults;
    sim::machine->hooks.step = &EndOfStep;
  }
  ~Rig() {
    current_ = nullptr;
    sim::machine = others_;
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Adds a task; tasks are numbered from 0.
  void Task(std::function<void()> body) {
    bodies_.push_back(std::move(body));
    sim::AddTask(&RunBody);
  }
  // A task that the test drives with sim::StepTask(), in the place of one that is done if there
  // is one.
  sim::TaskId Spawn(std::function<void()> body) {
    const sim::TaskId id = sim::SpawnTask(&RunBody);
    if (id.v == bodies_.size()) bodies_.emplace_back();
    bodies_[id.v] = std::move(body);
    return id;
  }
  // After the task's own step-th scheduling point go on with `other`.
  void At(uint32_t task, uint32_t step, uint32_t other) {
    schedule_.push_back(
        {static_cast<uint16_t>(step), static_cast<uint8_t>(task), static_cast<uint8_t>(other)});
  }
  sim::Stop Run(uint32_t max_steps = kMaxSteps) {
    sim::sim().max_steps = max_steps;
    sim::SetSchedule(schedule_.data(), static_cast<uint32_t>(schedule_.size()));
    return sim::RunTasks();
  }
  // One task that does it all, to its end.
  void Do(std::function<void()> body) {
    Task(std::move(body));
    REQUIRE(Run(1u << 20) == sim::Stop::kFinished);
  }

  // Without mm: locks of the classes 0 .. 7, and words that the state's digest covers.
  sim::Lock& lock(uint32_t i) const { return sim::machine->Get<sim::Lock>(kLocks)[i]; }
  uint64_t& word(uint32_t i) const { return sim::machine->Get<uint64_t>(kWords)[i]; }
  // With mm: notifier blocks, called through `notifiers`, and the plan of faults.
  mm::notifier_block& nb(uint32_t i) const {
    return sim::machine->Get<mm::notifier_block>(kNotifiers)[i];
  }
  mm::NotifierFunctions notifiers;
  mm::FaultPlan faults;

  // With mm: what the kernel said, and the trace point of the step at which it did.
  struct Said {
    mm::KernelReport report;
    sim::Tp tp;
  };
  std::vector<Said> said;

 private:
  void Enter() {
    others_ = sim::machine;
    sim::machine = own_;
    own_ = &sim::Machine::ForThread();
    own_->Clear();
    own_->hooks = {};
    own_->bound = {};
    own_->trace.Reset(true);
    sim::sim().current = sim::FiberPool::kMain;
    current_ = this;
    bodies_.reserve(kMaxTasks);  // a body that runs must not move
  }
  static void RunBody(uint32_t id) {
    current_->bodies_[id]();
    sim::exit_task();
  }
  static void EndOfStep() {
    const mm::KernelReport report = mm::ledger().news.report;
    if (report != mm::KernelReport::kNone) {
      current_->said.push_back({report, sim::sim().last.tp});
    }
    mm::EndStep(sim::sim().last.tp);
  }

  inline static sim::Machine* own_ = nullptr;
  inline static Rig* current_ = nullptr;
  sim::Machine* others_ = nullptr;
  std::vector<std::function<void()>> bodies_;
  std::vector<sim::ScheduleEntry> schedule_;
};

// The body of a task that runs f() under device_hotplug_lock.
template <class F>
auto Locked(F f) {
  return [f] {
    mm::lock_device_hotplug();
    f();
    mm::unlock_device_hotplug();
  };
}

// A step of the tests' own.
inline constexpr sim::Tp kTpTest = 60;

// A task that makes `steps` steps and logs each: "a1", "a2" ...
inline std::function<void()> Stepper(Strings& log, char name, uint32_t steps) {
  return [&log, name, steps] {
    for (uint32_t i = 1; i <= steps; ++i) {
      log.push_back(name + std::to_string(i));
      sim::sched_point(kTpTest, i);
    }
  };
}

// ---- Scenarios as text ------------------------------------------------------------------

inline const char kHeader[] =
    "scenario 1\n"
    "driver rfc_v1\n"
    "machine kernel=rfc pages_per_block=4 pageblock_pages=2 max_order=2\n";
// The machine of SmallBoot().
inline const std::string kSmall = std::string(kHeader) + "memory 4-7 node=0 zone=Normal\n";

// What a task does to the memtrace: one block of 256 MiB, two, none, and a look.
inline const std::string kOne = "  write memtrace/enable 0x10000000\n";
inline const std::string kTwo = "  write memtrace/enable 0x20000000\n";
inline const std::string kOff = "  write memtrace/enable 0\n";
inline const std::string kRead = "  read memtrace/enable\n";

// A notifier that refuses that the block goes offline.
inline std::string Veto(const char* priority, const char* block) {
  return std::string("notifier A priority=") + priority + "\n  answer MEM_GOING_OFFLINE " + block +
         " notifier_from_errno(-EBUSY)\n";
}

inline scenario::Scenario Parsed(const std::string& text) {
  const auto file = scenario::Parse(text, "test.scn", run::Names());
  INFO(text);
  INFO(std::string(file.status().message()));
  REQUIRE(file.ok());
  return file->scenario;
}

// The scenarios of a folder, by name.
inline std::vector<std::filesystem::path> Scenarios(const char* folder) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::directory_entry& e : std::filesystem::directory_iterator(folder)) {
    if (e.path().extension() == ".scn") files.push_back(e.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A file of that form.
inline scenario::File Load(const std::filesystem::path& path) {
  const auto file = scenario::Parse(Contents(path), path.string(), run::Names());
  INFO(std::string(file.status().message()));
  REQUIRE(file.ok());
  return *file;
}

inline run::Outcome RunText(const std::string& text, run::RunOptions options = {}) {
  options.keep_trace = true;
  return run::Run(Parsed(text), options);
}

// What the operation (from 0, over all tasks) of the last run returned.
inline int32_t Rc(uint32_t op) {
  CHECK(run::ResultOf(op).done == 1);
  return run::ResultOf(op).rc;
}

// States of the blocks at the end: online, offline, removed.
inline std::string Blocks() {
  std::string s;
  for (const run::BlockEnd& b : run::BlocksAtEnd()) {
    s += b.state == mm::MEM_ONLINE ? '+' : b.state == mm::MEM_OFFLINE ? '-' : '.';
  }
  return s;
}

// How often the last run came by a trace point.
inline uint32_t Count(sim::Tp tp) {
  uint32_t n = 0;
  for (const sim::Record& r : run::Trace()) n += r.tp == tp;
  return n;
}

// Every delivery to a notifier of the last run: "MEM_GOING_OFFLINE 5 A".
inline std::vector<std::string> Deliveries() {
  std::vector<std::string> all;
  for (const sim::Record& r : run::Trace()) {
    if (r.tp != mm::kTpNotifierCall) continue;
    const std::string name =
        r.b == mm::kDriverName ? std::string("driver") : scenario::NotifierName(r.b);
    all.push_back(std::string(mm::ActionName(r.a >> 16)) + " " + std::to_string(r.a & 0xffff) +
                  " " + name);
  }
  return all;
}

}  // namespace hotplug::testing

#endif  // REGRESS_UNIT_HARNESS_H_
