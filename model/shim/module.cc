// SPDX-License-Identifier: GPL-2.0-or-later
//
// The life of a driver's file: its static data, its boot, its runs.
#include <algorithm>
#include <cstring>

#include "model/mm/fault.h"
#include "model/mm/ledger.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

// Basic blocks without a call of the kernel, after which a CPU counts as stuck.
constexpr uint32_t kLockup = 4'000'000;

// So much of its stack is left to the calls that a basic block makes.
constexpr uintptr_t kStackReserve = uintptr_t{32} << 10;

std::string TextOfSite(const hotplug_site& at) {
  return Base(at.file) + ":" + std::to_string(at.line) + " " + at.function + "(): " + at.name;
}

// Calls in the order of the source, whatever the order that the compiler put them in.
std::vector<uint32_t> InOrder(const hotplug_module& m) {
  const auto before = [&m](uint32_t a, uint32_t b) {
    const hotplug_site& x = m.sites[a];
    const hotplug_site& y = m.sites[b];
    if (const int c = std::strcmp(x.file, y.file); c != 0) return c < 0;
    return x.line != y.line ? x.line < y.line : std::strcmp(x.name, y.name) < 0;
  };
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < m.nr_sites; ++i) {
    order.insert(std::upper_bound(order.begin(), order.end(), i, before), i);
  }
  return order;
}

// Whether the file has one of these calls.
bool Calls(const hotplug_module& m, std::initializer_list<const char*> names) {
  return std::any_of(m.sites, m.sites + m.nr_sites, [names](const hotplug_site& at) {
    return std::any_of(names.begin(), names.end(),
                       [&at](const char* name) { return std::strcmp(at.name, name) == 0; });
  });
}

}  // namespace

Module::Module(Image image, Options options)
    : image_(std::move(image)),
      options_(options),
      driver_{},
      loaded_(image_.data_bytes),
      booted_(image_.data_bytes),
      ranks_(image_.module.nr_sites),
      block_at_(image_.end - image_.begin),
      covered_(std::max(image_.blocks.size(), size_t{1})),
      callback_("none") {
  const hotplug_module& m = image_.module;
  m.kernel->block_shift = kBlockShift;
  FillText(m.kernel);
  FillHeap(m.kernel);
  FillFiles(m.kernel);
  FillLocks(m.kernel);
  FillMemory(m.kernel);
  FillNotifiers(m.kernel);
  FillPages(m.kernel);
  FillVirtio(m.kernel);
  FillWork(m.kernel);
  std::memcpy(loaded_.data(), image_.data, image_.data_bytes);
  for (size_t i = 0; i < image_.blocks.size(); ++i) {
    block_at_[image_.blocks[i] - image_.begin] = static_cast<uint16_t>(i);
  }

  for (const uint32_t site : InOrder(m)) {
    ranks_[site] = static_cast<uint32_t>(sites_.size());
    sites_.push_back(TextOfSite(m.sites[site]));
    functions_.push_back(Base(m.sites[site].file) + ":" + m.sites[site].function);
  }
  driver_.name = image_.name.c_str();
  driver_.sentence = "a driver's own file";
  driver_.callback = callback_.c_str();
  driver_.init = &Inside::Init;
  driver_.enable = {&EnableSet, &EnableGet};
  driver_.notifier_call = &Notify;
  driver_.ranges = &Ranges;
  driver_.online_page = &OnlinePage;
  driver_.has_device = m.nr_virtio_drivers != 0;
  driver_.keeps_blocks = driver_.has_device || !Calls(m, {"offline_and_remove_memory",
                                                          "remove_memory", "__remove_memory"});
  if (Calls(m, {"queue_work", "schedule_work", "hrtimer_start"})) driver_.start = &Inside::Start;
  driver_.trace = kTraceFops;
  driver_.module = this;
  driver_.reset = &Inside::Reset;
  driver_.text = &Inside::TextOf;
}

// The next module may lie where this one did: the thread's machine must not take it for this one.
Module::~Module() { sim::Machine::ForThread().Clear(); }

const char* Module::FunctionAt(uintptr_t pc) const {
  for (const Function& f : image_.functions) {
    if (pc - f.start < f.size) return f.name.c_str();
  }
  return "?";
}

void Module::Oops(const char* what, uintptr_t pc) const { shim::Oops(what, FunctionAt(pc)); }

void Inside::NameCallback(uintptr_t function) {
  Module& m = module();
  m.callback_ = m.FunctionAt(function);
  m.driver_.callback = m.callback_.c_str();
}

// ---- Boot ----

void Inside::InitEntry(uint32_t) {
  Module& m = module();
  const hotplug_module& c = m.image_.module;
  if (m.driver_.has_device) AddDevice();
  for (size_t i = 0; i < c.nr_initcalls; ++i) {
    const int rc = c.initcalls[i]();
    if (rc < 0 && m.init_error_ == 0) m.init_error_ = rc;
  }
  sim::exit_task();
}

// The initcalls run as a task before the first one, which leaves no trace: nobody else is there,
// nothing is checked, and what fails by plan fails from the end of the boot on.
void Inside::RunInitcalls() {
  sim::Machine& machine = *sim::machine;
  static const mm::FaultPlan kNoFaults;
  const sim::Bound bound = machine.bound;
  const sim::Hooks hooks = machine.hooks;
  const sim::SimState before = sim::sim();
  machine.bound.faults = &kNoFaults;
  machine.hooks = {};
  const sim::TaskId task = sim::SpawnTask(&InitEntry);
  sim::Stop stop = sim::Stop::kPaused;
  for (uint32_t i = 0; i < kMaxSteps && stop == sim::Stop::kPaused; ++i) stop = sim::StepTask(task);
  if (stop == sim::Stop::kDead) {
    module().init_report_ = module().texts_.back();
  } else if (stop != sim::Stop::kFinished) {
    module().init_report_ = "it waits for ever";
  }
  mm::CallReturned();
  mm::EndStep(0);
  sim::sim() = before;
  machine.hooks = hooks;
  machine.bound = bound;
  mm::mm().fault_calls = {};
}

// A file has no corrections that it could be given.
void Inside::Init(uint32_t) {
  Module& m = module();
  StartRun();
  sim::sim().debug_locks_off = 1;
  sim::machine->Carve<State>(drivers::kDriverRegion, 1, false);
  std::memcpy(m.image_.data, m.loaded_.data(), m.loaded_.size());
  hotplug_kernel& kernel = *m.image_.module.kernel;
  kernel.page_shift = mm::PageShift();
  kernel.pageblock_order = world::geometry().pageblock_order;
  kernel.max_order = world::geometry().max_order;
  m.init_error_ = 0;
  m.init_report_.clear();
  RunInitcalls();
  m.enable_ = FindEnable();
  std::memcpy(m.booted_.data(), m.image_.data, m.booted_.size());
}

void Inside::Reset() {
  Module& m = module();
  std::memcpy(m.image_.data, m.booted_.data(), m.booted_.size());
  StartRun();
}

void Inside::StartRun() {
  Module& m = module();
  m.texts_.clear();
  m.culprit_.clear();
  m.step_ = 0;
  m.blocks_ = 0;
  ++m.progress_;
}

// ---- What the compiler tells ----

namespace {

bool IsStackUsedUp() {
  const sim::Machine& machine = *sim::machine;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return here - machine.fibers.BottomOf(machine.sim().current) < kStackReserve;
}

}  // namespace

void Inside::Covered(uintptr_t pc) {
  Module& m = module();
  const uint32_t block = m.block_at_[pc - m.image_.begin];
  m.covered_[block] = 1;
  if (m.options_.counters != nullptr) m.options_.counters[block % m.options_.nr_counters] = 1;
  m.last_block_ = pc;
  ++m.progress_;
  if (IsStackUsedUp()) Oops("BUG: stack guard page was hit", m.FunctionAt(pc));
  if (sim::sim().step != m.step_) {
    m.step_ = sim::sim().step;
    m.blocks_ = 0;
  }
  if (++m.blocks_ < kLockup) return;
  const char* function = m.FunctionAt(pc);
  Blame(function);
  const uint32_t text = Text(std::string("BUG: soft lockup in ") + function);
  mm::Report(mm::KernelReport::kBug, mm::Pfn{mm::kNoPfn}, false);
  sim::dead(kTpBug, text);
}

void Inside::Shared(int write, uintptr_t pc) {
  Module& m = module();
  if (!m.options_.preempt_memory) return;
  const uint32_t text =
      Text((write != 0 ? "write in " : "read in ") + std::string(m.FunctionAt(pc)));
  sim::sched_point(kTpAccess, text);
}

}  // namespace hotplug::shim
