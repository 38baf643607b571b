// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/run/tree_world.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "model/actors/actors.h"
#include "model/mm/function.h"
#include "model/run/look.h"
#include "model/run/run.h"
#include "model/run/trace_points.h"
#include "model/scenario/bytes.h"
#include "model/scenario/ops.h"
#include "model/shim/shim.h"
#include "model/tree/driver.h"
#include "model/tree/ledger.h"
#include "model/tree/ops.h"
#include "model/tree/view.h"
#include "model/tree/world.h"

namespace hotplug::run {

namespace {

// The nth call of a function that the scenario wants to fail.
int Fault(const char* function) {
  const mm::FaultPlan& plan = *sim::machine->bound.faults;
  int error = 0;
  for (uint32_t i = 0; i < plan.size; ++i) {
    const mm::FaultPlan::Entry& e = plan.entries[i];
    if (std::strcmp(mm::kFaultSiteRows[static_cast<uint32_t>(e.site)].name, function) != 0)
      continue;
    if (++tree::state().fault_calls[i] == e.nth && error == 0) error = -int{e.error};
  }
  return error;
}

// Those fixes of the core that the glue has.
struct FixRow {
  const mm::Fix& fix;
  uint8_t bit;
};
constexpr FixRow kFixes[] = {{mm::CoreFix::kOwnIsolation, WORLD_OWN_ISOLATION},
                             {mm::CoreFix::kOwnTest, WORLD_OWN_TEST},
                             {mm::CoreFix::kContigOnline, WORLD_CONTIG_ONLINE}};

world_machine MachineOf(const scenario::Machine& machine) {
  world_machine m{};
  m.first_block = machine.first_block;
  m.nr_blocks = machine.blocks.size;
  m.auto_online = machine.auto_online ? 1 : 0;
  m.memmap_on_memory = machine.memmap_on_memory ? 1 : 0;
  m.pcp_high = machine.pcp_high;
  m.pagevec = machine.pagevec;
  for (const FixRow& row : kFixes) {
    if ((machine.fixes & row.fix.bit) != 0) m.fixes |= row.bit;
  }
  for (uint32_t i = 0; i < m.nr_blocks; ++i) {
    const scenario::Block& b = machine.blocks[i];
    m.blocks[i] = {b.node, uint8_t{b.zone == scenario::Zone::kMovable}, uint8_t{b.reserved},
                   uint8_t{b.offline}, 0};
  }
  return m;
}

bool HasDriver() { return UsedImage().exports().driver != UsedImage().exports().driver_end; }

// The image that is used, and the driver's own file that is linked to it.
struct Used : tree::World {
  Used(std::unique_ptr<tree::Image> image, const tree::FunctionNames& names,
       LinkedDriver driver_file, const drivers::Driver& of, bool with_ledger)
      : World(std::move(image), names, with_ledger), linked(std::move(driver_file)), driver(of) {
    if (!linked.name.empty()) driver.name = linked.name.c_str();
  }

  LinkedDriver linked;
  std::string callback;  // of the notifier that was registered last
  std::string unusable;  // why the driver cannot run
  drivers::Driver driver;
};
Used& used() { return *static_cast<Used*>(sim::Machine::ForThread().bound.tree); }

void NameCallback(const std::string& callback) {
  used().callback = callback;
  used().driver.callback = used().callback.c_str();
}

// The end of the boot, with a driver; why that cannot run, or empty.
std::string InitDriver() {
  for (const std::string& param : used().linked.params) {
    const size_t name = param.find('=');
    const char* const value = name == std::string::npos ? nullptr : param.c_str() + name + 1;
    const int rc = tree::World::SetParam(param.substr(0, name).c_str(), value);
    if (rc == -ENOENT) return "no parameter " + param.substr(0, name);
    if (rc != 0) return "parameter " + param + " is refused: " + std::to_string(rc);
  }
  const int rc = used().InitDriver();
  if (tree::state().nr_reports != 0) {
    return "its initcall: " + tree::ReportText(tree::state().reports[0]);
  }
  return rc < 0 ? "its initcall answers " + std::to_string(rc) : "";
}

void BootTree(const scenario::Machine& machine, const drivers::Driver& /*driver*/,
              uint32_t /*fixes*/) {
  tree::World& world = tree::world_of_machine();
  world.Bind({&actors::Answer, &Fault, &NameCallback});
  const int rc = world.Boot(MachineOf(machine));  // Missing() tells if it fails
  world::Setup();
  tree::StartLedger();
  if (rc == 0 && HasDriver()) used().unusable = InitDriver();
}

void CheckStep() {
  tree::SettlePages();
  invariants::Checks<tree::View>::Step();
}

bool PageIsLegal(world::Pfn pfn) {
  tree::SettleReferences(pfn);
  return invariants::Checks<tree::View>::PageIsLegal(pfn);
}

void CheckEnd() {
  tree::SettlePages();
  invariants::Checks<tree::View>::End();
}

// Accesses to the memmap are not told.
constexpr invariants::Ids NotJudged() { return invariants::Bits(invariants::Id::kI5); }

// A function that says what becomes of blocks has another name there: what is known of phases,
// owners and events is worth nothing.
invariants::Ids NotTold() {
  using invariants::Id;
  if (sim::Machine::ForThread().bound.tree->functions().complete()) return 0;
  return invariants::Bits(Id::kI1, Id::kI3, Id::kI4, Id::kI10, Id::kI11, Id::kI13, Id::kI15,
                          Id::kI18);
}

// Of "version=6.1.192 geometry=16 ...".
std::string Version() {
  const std::string_view about = UsedImage().about();
  const size_t begin = about.find('=') + 1;
  return std::string(about.substr(begin, about.find(' ') - begin));
}

std::string Missing() {
  const tree::State& state = tree::state();
  for (uint32_t i = 0; i < state.nr_reports; ++i) {
    std::string text = tree::ReportText(state.reports[i]);
    if (state.booted == 0) return "the kernel does not boot: " + text;
    if (state.reports[i].kind == tree::ReportKind::kNotSimulated) return text;
  }
  return state.booted != 0 ? "" : "the kernel does not boot";
}

// Traces outlive worlds.
std::vector<world::Frame> CallChainOf(uint32_t task, uint32_t step) {
  tree::World* world = sim::Machine::ForThread().bound.tree;
  return world == nullptr ? std::vector<world::Frame>() : world->places().At(task, step);
}

void Fit(scenario::Scenario* s) {
  LeaveOut(s);
  *s = Adapt(*s).scenario;
}

}  // namespace

const World kTreeWorld = {
    .name = "tree",
    .not_judged = NotJudged(),
    .fit = &Fit,
    .not_told = &NotTold,
    .boot = &BootTree,
    .reset = [] { tree::world_of_machine().Reset(); },
    .start = &actors::Actors<tree::Ops>::Start,
    .check_step = &CheckStep,
    .check_end = &CheckEnd,
    .page_is_legal = &PageIsLegal,
    .look = [] { return tree::state().booted != 0 ? Look<tree::View>() : WorldState{}; },
    .allocation = &tree::View::allocation,
    .call_chain = &CallChainOf,
    .kernel = &Version,
    .not_simulated = &Missing,
};

namespace {

// The function that the last report is about: where it is that the kernel cannot go on. The line
// before that of a BUG names it, whatever the compiler has inlined:
// "BUG: failure at mm/page_alloc.c:42/free_pages()!".
std::string Culprit(const tree::World& world) {
  const tree::State& state = tree::state();
  if (state.nr_reports == 0) return "";
  const tree::Report& report = state.reports[state.nr_reports - 1];
  const std::string text = report.text == 0 ? "" : world.Text(report.text - 1u);
  const size_t end = text.rfind("()!");
  if (report.kind == tree::ReportKind::kBug && end != std::string::npos) {
    const size_t begin = text.rfind('/', end) + 1;
    return text.substr(begin, end - begin);
  }
  const tree::Symbol* symbol = world.image().SymbolAt(report.pc);
  return symbol == nullptr ? "" : symbol->name;
}

// Texts by number, and names of locks; of what reports ask of a driver's own file besides, only who
// is to blame.
const char* Text(uint32_t number) {
  tree::World& world = tree::world_of_machine();
  if (number == shim::kCulprit) return world.Text(world.AddText(Culprit(world))).c_str();
  if (number < world.nr_texts()) return world.Text(number).c_str();
  const uint32_t lock = number - shim::kNameOfLock;
  return lock < 16 ? world.LockName(static_cast<uint8_t>(lock)).c_str() : "";
}

}  // namespace

constexpr drivers::Driver kNoDriver = {
    .name = "none",
    .sentence = "the core of a kernel tree, without a driver",
    .callback = "none",
    .init = [](uint32_t) {},
    .enable = {},
    .notifier_call = nullptr,
    .ranges = &tree::DriverRanges,
    .text = &Text,
};

namespace {

// As what the thread's machine keeps, it stays as long as the thread.
void Use(std::unique_ptr<tree::Image> image, LinkedDriver driver, bool with_ledger) {
  sim::Machine& m = sim::Machine::ForThread();
  delete m.bound.tree;
  m.bound.tree = nullptr;
  m.Clear();  // no machine of another image is to be started from
  if (image == nullptr) return;
  m.bound.tree = new Used(std::move(image), {AnchoredFunctions(), mm::kNrFunctions},
                          std::move(driver), kNoDriver, with_ledger);
}

constexpr World Bare() {
  World bare = kTreeWorld;
  bare.check_step = [] {};
  bare.check_end = [] {};
  return bare;
}

}  // namespace

void UseImage(std::unique_ptr<tree::Image> image, LinkedDriver driver) {
  Use(std::move(image), std::move(driver), true);
}
void UseBareImage(std::unique_ptr<tree::Image> image) { Use(std::move(image), {}, false); }
const World kBareTreeWorld = Bare();
const tree::Image& UsedImage() { return sim::Machine::ForThread().bound.tree->image(); }

const drivers::Driver& TreeDriver() { return used().driver; }

RunOptions InTree() {
  RunOptions options;
  options.max_steps = kMaxTreeSteps;
  options.world = &kTreeWorld;
  options.driver = &TreeDriver();
  return options;
}

std::string UnusableDriver() {
  const world_exports& kernel = UsedImage().exports();
  if (!HasDriver()) return "has no code";
  if (kernel.driver_initcalls == kernel.driver_initcalls_end) {
    return "has no entry point: neither module_init() nor another initcall";
  }
  scenario::Scenario boot = Adapt(scenario::Decode(nullptr, 0, 1, 1)).scenario;
  boot.ops.size = 0;
  Run(boot, InTree());
  return used().unusable;
}

void UseLines(tree::LookUp lines) {
  sim::Machine::ForThread().bound.tree->places().UseLines(std::move(lines));
}

Adapted Adapt(const scenario::Scenario& s) {
  const world_exports& kernel = UsedImage().exports();
  Adapted a{s, {}};
  scenario::Machine& m = a.scenario.machine;
  const auto set = [&a](uint8_t* field, uint32_t value, const char* what, bool power) {
    if (*field == value) return;
    const auto shown = [power](uint32_t v) { return std::to_string(power ? 1u << v : v); };
    a.changes.push_back(std::string(what) + "=" + shown(value) + " instead of " + shown(*field));
    *field = static_cast<uint8_t>(value);
  };
  set(&m.block_order, kernel.order_of_block, "pages_per_block", true);
  set(&m.pageblock_order, kernel.order_of_pageblock, "pageblock_pages", true);
  set(&m.max_order, kernel.largest_order, "max_order", false);
  if (m.debug_vm != (kernel.debug_vm != 0)) {
    m.debug_vm = !m.debug_vm;
    a.changes.emplace_back(m.debug_vm ? "debug_vm=on" : "debug_vm=off");
  }
  // What kernels call the end of the ordinary zones is 0 where there is no movable one.
  if (m.first_block == 0 && m.blocks[0].zone == scenario::Zone::kMovable) {
    m.blocks[0].zone = scenario::Zone::kNormal;
    a.changes.emplace_back("memory0 zone=Normal");
  }
  scenario::SettleOperands(&a.scenario);
  if (!(a.scenario.ops == s.ops)) a.changes.emplace_back("other pages and sizes, which it has");
  return a;
}

void LeaveOut(scenario::Scenario* s) {
  for (uint32_t i = s->ops.size; i-- > 0;) {
    if (scenario::OperationOf(s->ops[i].kind).of_driver && !HasDriver()) s->ops.erase(i);
  }
  s->machine.kmemleak = false;
}

const char* NotInTree(const scenario::Scenario& s) {
  for (const scenario::Op& op : s.ops) {
    if (scenario::OperationOf(op.kind).of_driver && !HasDriver())
      return "without --driver=FILE.c there are no files of a driver in the tree world";
  }
  if (s.machine.kmemleak) return "kmemleak is not in the tree world";
  uint32_t fixes = 0;
  for (const FixRow& row : kFixes) fixes |= row.fix.bit;
  if ((s.machine.fixes & ~fixes) != 0)
    return "the tree world has own_isolation, own_test and contig_online alone";
  return nullptr;
}

}  // namespace hotplug::run
