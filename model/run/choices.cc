// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/run/choices.h"

#include <algorithm>
#include <cstring>

#include "model/invariants/invariants.h"
#include "model/tree/call.h"
#include "model/tree/state.h"
#include "model/tree/world.h"
#include "model/world/ledger.h"

namespace hotplug::run {

namespace {

constexpr size_t kWord = sizeof(uint64_t);

tree::World& TheWorld() { return *sim::machine->bound.tree; }

uint64_t WordAt(const std::byte* at) {
  uint64_t word;
  std::memcpy(&word, at, kWord);
  return word;
}

// Sums of these are the same in whatever order they are made.
void Add(StateName* name, uint64_t index, uint64_t value) {
  const auto mix = [](uint64_t x) {
    x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
    x = (x ^ x >> 29) * 0xa0761d6478bd642fu;
    return x ^ x >> 32;
  };
  const uint64_t x = mix(value + 0x9e3779b97f4a7c15u * (index + 1));
  name->first += x;
  name->second += mix(x + 0xe7037ed1a0b428dbu * (index + 1));
}

// Where words have names of their own.
enum : uint64_t { kStackNames = uint64_t{1} << 40, kTimerNames = 2 * kStackNames, kLastNames };

// Above the calls of a task, where it has left its own stack, is what is the task's own.
constexpr uintptr_t TaskArea(uint32_t task) {
  return WORLD_STACKS + (task + 1) * WORLD_STACK_BYTES - WORLD_TASK_BYTES;
}

}  // namespace

Choices::Choices(const scenario::Scenario& s, const RunOptions& options)
    : scenario_(s), options_(options) {
  HOTPLUG_CHECK(options.world->name == std::string("tree"));
  scenario_.schedule.size = 0;
  if (!Restart()) return;
  sim::Machine& m = sim::Machine::ForThread();
  const world_exports& kernel = TheWorld().image().exports();
  kernel.run(WORLD_TASKS, 0, 0);
  AddRegion(&m.sim(), m.used());
  AddRegion(kernel.state, static_cast<size_t>(kernel.state_end - kernel.state));
  for (uint32_t i = 0; i < m.sim().nr_tasks; ++i) {
    AddRegion(reinterpret_cast<void*>(TaskArea(i)), WORLD_TASK_BYTES);
  }
  AddRegion(reinterpret_cast<void*>(WORLD_ARENA), TheWorld().arena_used());
  MaskArena();
}

Choices::~Choices() { TheWorld().WipeStacks(false); }

bool Choices::Restart() {
  if (!Begin(scenario_, options_, &outcome_)) return false;
  TheWorld().WipeStacks(true);
  sim::BeginChoosing();
  last_.assign(sim::sim().nr_tasks, 0);
  return true;
}

// ---- Who runs -----------------------------------------------------------------------------------

uint32_t Choices::Ready() const { return sim::sim().ready; }
bool Choices::GoesOn() { return Ready() != 0 || (!Finished() && sim::PassTime()); }
bool Choices::Finished() const {
  const sim::SimState& s = sim::sim();
  return s.nr_done + s.nr_idle == s.nr_tasks && s.nr_timers == 0;
}
bool Choices::HasMadeStep() const {
  const sim::SimState& s = sim::sim();
  return s.stop == sim::Stop::kPaused && (s.ready >> s.last.task & 1) != 0;
}
uint32_t Choices::Default() const {
  if (HasMadeStep()) return sim::sim().last.task;
  return static_cast<uint32_t>(__builtin_ctz(sim::sim().ready));
}
uint32_t Choices::StepsOf(uint32_t task) const { return sim::task(sim::TaskId{task}).steps; }

sim::Stop Choices::Take(uint32_t task) {
  const uint32_t before = StepsOf(task);
  const sim::Stop stop = sim::RunChosen(sim::TaskId{task});
  if (StepsOf(task) == before) return stop;
  const sim::Record& r = sim::sim().last;
  last_[task] = sim::MixDigest(
      sim::MixDigest(uint64_t{r.tp} << 32 | r.a, uint64_t{r.b} << 32 | r.c), last_[task] != 0);
  return stop;
}

Outcome Choices::OutcomeAt(sim::Stop stop) {
  Outcome o = outcome_;
  End(stop, &o);
  return o;
}

// ---- What decides the future --------------------------------------------------------------------

void Choices::AddRegion(const void* at, size_t bytes) {
  auto* begin = static_cast<std::byte*>(const_cast<void*>(at));
  const uint32_t first =
      regions_.empty() ? 0
                       : regions_.back().first + static_cast<uint32_t>(regions_.back().base.size());
  Region r{begin, std::vector<uint64_t>(bytes / kWord), {}, first};
  std::memcpy(r.base.data(), begin, bytes / kWord * kWord);
  regions_.push_back(std::move(r));
}

void Choices::Mask(const void* field, size_t bytes) {
  Region& arena = regions_.front();
  const auto offset = static_cast<size_t>(static_cast<const std::byte*>(field) - arena.at);
  std::memset(reinterpret_cast<std::byte*>(arena.mask.data()) + offset, 0, bytes);
}

// What is counted from the begin of the run, or only says how it came to be so, or is kept to save
// work. Times are named as how far away they are.
void Choices::MaskArena() {
  Region& arena = regions_.front();
  arena.mask.assign(arena.base.size(), ~uint64_t{0});
  const auto mask = [this](const auto& field) { Mask(&field, sizeof(field)); };
  sim::SimState& s = sim::sim();
  mask(s.digest), mask(s.now), mask(s.step), mask(s.max_steps), mask(s.next_timer);
  mask(s.switches), mask(s.next_seq), mask(s.current), mask(s.stop), mask(s.last), mask(s.timers);
  for (sim::Task& t : s.tasks) {
    mask(t.loop_digest), mask(t.loop_mark), mask(t.loop_rounds), mask(t.steps), mask(t.last_tp);
    mask(t.next_preemption), mask(t.schedule_pos), mask(t.schedule_end);
  }
  world::Ledger& l = world::ledger();
  mask(l.sums), mask(l.dirty_blocks), mask(l.plain_blocks), mask(l.uncounted_blocks);
  mask(l.report_pfn), mask(l.nr_warnings), mask(l.busy);
  for (world::BlockGhost& b : l.blocks) mask(b.writer);
  for (uint32_t i = 0; i < world::geometry().nr_pages; ++i) {
    mask(sim::machine->Get<world::PageGhost>(world::kGhostRegion)[i].writer);
    mask(sim::machine->Get<uint32_t>(world::kTouchedRegion)[i]);
  }
  mask(invariants::verdicts().pending_at), mask(invariants::verdicts().pending_function);
  for (invariants::Violation& v : invariants::verdicts().list) mask(v.step);
  mask(tree::state().reports), mask(tree::state().nr_reports);
}

// Its region is the last one: what it has more than at the begin was zero then.
void Choices::GrowArena() {
  Region& arena = regions_.back();
  const size_t words = TheWorld().arena_used() / kWord;
  if (words > arena.base.size()) arena.base.resize(words, 0);
}

template <class F>
void Choices::ForEachChange(F f) {
  constexpr size_t kLine = 8;
  GrowArena();
  for (const Region& r : regions_) {
    const size_t n = r.base.size();
    for (size_t line = 0; line < n; line += kLine) {
      const size_t end = std::min(line + kLine, n);
      const std::byte* at = r.at + line * kWord;
      if (std::memcmp(at, r.base.data() + line, (end - line) * kWord) == 0) continue;
      for (size_t i = line; i < end; ++i) {
        const uint64_t word = WordAt(r.at + i * kWord);
        if (word != r.base[i]) f(r, i, word);
      }
    }
  }
}

StateName Choices::Name() {
  StateName name;
  const sim::SimState& s = sim::sim();
  TheWorld().image().exports().run(WORLD_TASKS, 0, 0);
  ForEachChange([&name](const Region& r, size_t i, uint64_t word) {
    const uint64_t mask = r.mask.empty() ? ~uint64_t{0} : r.mask[i];
    if (((word ^ r.base[i]) & mask) != 0) Add(&name, r.first + i, word & mask);
  });
  for (uint32_t task = 0; task < s.nr_tasks; ++task) {
    if (s.tasks[task].state == sim::TaskState::kDone) continue;
    Add(&name, kLastNames + task, last_[task]);
    const uintptr_t entered = tree::state().entered[task];
    if (entered == 0) continue;
    for (uintptr_t at = entered - WORLD_SAVED_BYTES; at < tree::StackTop(task); at += kWord) {
      const uint64_t word = WordAt(reinterpret_cast<const std::byte*>(at));
      if (word != 0) Add(&name, kStackNames + at, word);
    }
  }
  for (uint32_t i = 0; i < s.nr_timers; ++i) {
    const uint64_t left = (s.timers[i] >> 32) - s.now;
    Add(&name, kTimerNames + i, left << 8 | (s.timers[i] & 0xff));
  }
  return name;
}

void Choices::SaveStacks(uint32_t task, Saved* to) {
  const auto add = [to](uintptr_t from, uintptr_t end) {
    to->parts.push_back({from, end});
    const auto* begin = reinterpret_cast<const std::byte*>(from);
    to->stack.insert(to->stack.end(), begin, begin + (end - from));
  };
  const sim::FiberPool& fibers = sim::machine->fibers;
  auto own = reinterpret_cast<uintptr_t>(fibers.SuspendedAt(task));
  if (tree::OnStack(task, own)) {
    add(own, TaskArea(task));
    // Whoever is in the kernel has left its own stack there.
    own = WordAt(reinterpret_cast<const std::byte*>(tree::StackTop(task)));
  }
  add(own, fibers.TopOf(task));
}

void Choices::Save(Saved* to) {
  TheWorld().image().exports().run(WORLD_TASKS, 0, 0);
  *to = {};
  to->last = last_;
  to->nr_texts = TheWorld().nr_texts();
  ForEachChange([to](const Region& r, size_t i, uint64_t word) {
    to->words.push_back({r.first + static_cast<uint32_t>(i), word});
  });
  for (uint32_t task = 0; task < sim::sim().nr_tasks; ++task) {
    to->at.push_back(sim::machine->fibers.SuspendedAt(task));
    if (sim::task(sim::TaskId{task}).state != sim::TaskState::kDone) SaveStacks(task, to);
  }
}

void Choices::Load(const Saved& from) {
  GrowArena();
  TheWorld().PutBack(from.nr_texts);
  for (const Region& r : regions_) std::memcpy(r.at, r.base.data(), r.base.size() * kWord);
  auto region = regions_.begin();
  for (const Saved::Word& w : from.words) {
    while (w.index - region->first >= region->base.size()) ++region;
    std::memcpy(region->at + (w.index - region->first) * kWord, &w.value, kWord);
  }
  const std::byte* stack = from.stack.data();
  for (const Saved::Part& part : from.parts) {
    std::memcpy(reinterpret_cast<void*>(part.from), stack, part.to - part.from);
    stack += part.to - part.from;
  }
  for (uint32_t task = 0; task < from.at.size(); ++task) {
    sim::machine->fibers.SuspendAt(task, from.at[task]);
  }
  last_ = from.last;
}

}  // namespace hotplug::run
