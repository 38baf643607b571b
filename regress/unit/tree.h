// SPDX-License-Identifier: GPL-2.0-or-later
//
// For the tests of the tree world: worlds that have been compiled before, and a machine of one.
#ifndef REGRESS_UNIT_TREE_H_
#define REGRESS_UNIT_TREE_H_

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/run/tree_world.h"
#include "model/sim/sched.h"
#include "model/tree/ledger.h"
#include "model/tree/ops.h"
#include "model/tree/view.h"
#include "model/tree/world.h"
#include "model/world/geometry.h"
#include "model/world/ledger.h"
#include "regress/unit/catch.h"

namespace hotplug::testing {

// The file of a world: of HOTPLUG_WORLDS, or of build/worlds. Without it a test fails.
inline std::string WorldFile(const std::string& name) {
  const char* folder = std::getenv("HOTPLUG_WORLDS");
  return std::string(folder != nullptr ? folder : "build/worlds") + "/" + name + ".world";
}

inline std::unique_ptr<tree::Image> MapWorld(const std::string& name) {
  std::string error;
  std::unique_ptr<tree::Image> image = tree::Image::Map(WorldFile(name), &error);
  INFO(error);
  REQUIRE(image != nullptr);
  return image;
}

// What runs in the tree world use, for as long as it lives.
struct UsedWorld {
  explicit UsedWorld(const std::string& name = "6.1-16-debug_vm") { run::UseImage(MapWorld(name)); }
  ~UsedWorld() { run::UseImage(nullptr); }
  UsedWorld(const UsedWorld&) = delete;
  UsedWorld& operator=(const UsedWorld&) = delete;
};

// A function of a kernel that fails from now on.
inline void Break(const tree::Image& image, const std::string& function) {
  constexpr unsigned char kReturnEnomem[] = {0xb8, 0xf4, 0xff, 0xff, 0xff, 0xc3};
  const world_exports& kernel = image.exports();
  auto* text = const_cast<char*>(kernel.text);
  const auto size = static_cast<size_t>(kernel.text_end - kernel.text);
  REQUIRE(mprotect(text, size, PROT_READ | PROT_WRITE) == 0);
  for (const auto& [address, symbol] : image.symbols()) {
    if (symbol.name != function) continue;
    std::memcpy(text + (address - reinterpret_cast<uintptr_t>(text)), kReturnEnomem,
                sizeof(kReturnEnomem));
  }
  REQUIRE(mprotect(text, size, PROT_READ | PROT_EXEC) == 0);
}

// Blocks 4 to 9: 4 reserved, 7 offline, 8 and 9 of node 1, 9 movable; and what tasks do in it.
class TreeMachine {
 public:
  using Program = std::function<void()>;

  explicit TreeMachine(const std::string& name, const world_machine& config = Config())
      : world_(MapWorld(name)) {
    current_ = this;
    world_.Bind({&Answer, nullptr});
    sim::Machine& m = sim::Machine::ForThread();
    m.Clear();
    m.bound = {};
    m.hooks = {};
    m.trace.Reset(true);
    m.sim().current = sim::FiberPool::kMain;
    REQUIRE(world_.Boot(config) == 0);
    world::Setup();
    tree::StartLedger();
    m.Snapshot();
  }
  ~TreeMachine() {
    sim::machine->bound = {};
    sim::machine->hooks = {};
  }
  TreeMachine(const TreeMachine&) = delete;
  TreeMachine& operator=(const TreeMachine&) = delete;

  static world_machine Config() {
    world_machine m{};
    m.first_block = 4;
    m.nr_blocks = 6;
    for (uint32_t i = 0; i < m.nr_blocks; ++i) {
      m.blocks[i].nid = i >= 4 ? 1 : 0;
      m.blocks[i].movable = i == 5 ? 1 : 0;
    }
    m.blocks[0].reserved = 1;
    m.blocks[3].offline = 1;
    return m;
  }

  tree::World& world() { return world_; }

  // As after the boot; `veto` is answered with NOTIFY_BAD by notifier 0, which is registered.
  void Reset(uint32_t veto = 0) {
    sim::machine->Restore();
    world_.Reset();
    sim::machine->trace.Reset(true);
    veto_ = veto;
    told_.clear();
    sim::sim().max_steps = 100000;
    REQUIRE(tree::Ops::register_memory_notifier(0) == 0);
  }

  // Task i does program i.
  sim::Stop Run(std::vector<Program> programs,
                const std::vector<sim::ScheduleEntry>& schedule = {}) {
    programs_ = std::move(programs);
    for (size_t i = 0; i < programs_.size(); ++i) sim::AddTask(&RunProgram);
    sim::SetSchedule(schedule.data(), static_cast<uint32_t>(schedule.size()));
    return sim::RunTasks();
  }

  // Actions and blocks that notifier 0 was told.
  struct Told {
    uint32_t action;
    uint32_t block;
    bool operator==(const Told&) const = default;
  };
  const std::vector<Told>& told() const { return told_; }

  std::string FirstReport() const {
    return tree::state().nr_reports == 0 ? "" : tree::ReportText(tree::state().reports[0]);
  }

 private:
  static void RunProgram(uint32_t task) {
    current_->programs_[task]();
    sim::exit_task();
  }
  static int32_t Answer(uint32_t, uint32_t action, const world::memory_notify_arg& arg) {
    current_->told_.push_back({action, world::BlockOf(arg.start_pfn).v});
    return action == current_->veto_ ? int32_t{world::NOTIFY_BAD} : int32_t{world::NOTIFY_OK};
  }

  static inline TreeMachine* current_ = nullptr;
  tree::World world_;
  std::vector<Program> programs_;
  std::vector<Told> told_;
  uint32_t veto_ = 0;
};

}  // namespace hotplug::testing

#endif  // REGRESS_UNIT_TREE_H_
