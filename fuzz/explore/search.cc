// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/explore/search.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "fuzz/report/report.h"

namespace hotplug::explore {

namespace {

constexpr uint32_t kNoNode = UINT32_MAX;
constexpr uint64_t kStatesPerUpdate = 1 << 14;

}  // namespace

Search::Search(const scenario::Scenario& s, const run::RunOptions& options, Bounds bounds)
    : scenario_(s), options_(options), bounds_(std::move(bounds)), run_(scenario_, options_) {}

// ---- The graph ----------------------------------------------------------------------------------

std::pair<uint32_t, bool> Search::NodeHere(uint32_t from, uint8_t task) {
  const auto id = static_cast<uint32_t>(nodes_.size());
  const auto [at, is_new] = known_.try_emplace(run_.Name(), id);
  if (is_new) nodes_.push_back({from, task, false, true});
  return {at->second, is_new};
}

Path Search::PathTo(uint32_t node) const {
  Path path;
  for (; nodes_[node].parent != kNoNode; node = nodes_[node].parent) {
    path.push_back(nodes_[node].task);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

void Search::NoteEnd(uint32_t node, bool is_new, sim::Stop stop) {
  nodes_[node].ends = true;
  nodes_[node].open = false;
  if (!is_new) return;
  const run::Outcome o = run_.OutcomeAt(stop);
  const bool whole = o.verdict == run::Verdict::kOk;
  const bool told = o.verdict == run::Verdict::kViolation;
  if (!whole && !told) result_.complete = false;
  Kind& kind = whole  ? result_.ends[OutcomeText(scenario_, o)]
               : told ? result_.found[report::TokenOf(scenario_, options_, o)]
                      : result_.found[run::NotSimulated()];
  if (kind.states++ == 0) kind.path = PathTo(node);
}

void Search::Arrive(uint32_t from, uint8_t task, sim::Stop stop) {
  const bool over = stop == sim::Stop::kViolation || stop == sim::Stop::kDead;
  const bool goes_on = !over && run_.GoesOn();
  const auto [node, is_new] = NodeHere(from, task);
  if (from != kNoNode) edges_.emplace_back(from, node);
  if (over) return NoteEnd(node, is_new, stop);
  if (!goes_on) {
    if (run_.Finished()) NoteEnd(node, is_new, sim::Stop::kFinished);
    nodes_[node].open = false;
    return;
  }
  if (!is_new) return;
  Waiting w{node, {}};
  if (!bounds_.run_again) run_.Save(&w.saved);
  waiting_.push_back(std::move(w));
}

void Search::GoTo(const Waiting& w) {
  if (!bounds_.run_again) return run_.Load(w.saved);
  run_.Restart();
  for (const uint8_t task : PathTo(w.node)) {
    run_.Take(task);
    run_.GoesOn();
  }
}

void Search::Expand(const Waiting& w) {
  nodes_[w.node].open = false;
  GoTo(w);
  const uint32_t ready = run_.Ready();
  for (uint32_t left = ready; left != 0; left &= left - 1) {
    if (left != ready) GoTo(w);
    const auto task = static_cast<uint8_t>(__builtin_ctz(left));
    ++result_.transitions;
    Arrive(w.node, task, run_.Take(task));
  }
}

// Backwards from the ends, and from what was not looked at.
void Search::FindEndless() {
  std::vector<std::pair<uint32_t, uint32_t>> back;
  back.reserve(edges_.size());
  for (const auto& [from, to] : edges_) back.emplace_back(to, from);
  std::sort(back.begin(), back.end());
  std::vector<bool> ends(nodes_.size());
  std::vector<uint32_t> left;
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].ends || nodes_[i].open) ends[i] = true, left.push_back(i);
  }
  while (!left.empty()) {
    const uint32_t to = left.back();
    left.pop_back();
    auto edge = std::lower_bound(back.begin(), back.end(), std::make_pair(to, uint32_t{0}));
    for (; edge != back.end() && edge->first == to; ++edge) {
      if (ends[edge->second]) continue;
      ends[edge->second] = true;
      left.push_back(edge->second);
    }
  }
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (ends[i]) continue;
    if (result_.nr_endless++ == 0) result_.endless = PathTo(i);
  }
}

Result Search::Run() {
  result_ = {};
  result_.complete = true;
  if (!run_.Restart()) {
    result_.complete = false;
    ++result_.found[run::NotSimulated()].states;
    return result_;
  }
  Arrive(kNoNode, 0, sim::Stop::kBlocked);
  bool goes_on = true;
  while (goes_on && !waiting_.empty() && nodes_.size() < bounds_.states) {
    Waiting w = std::move(bounds_.breadth_first ? waiting_.front() : waiting_.back());
    bounds_.breadth_first ? waiting_.pop_front() : waiting_.pop_back();
    const uint64_t before = nodes_.size();
    Expand(w);
    if (bounds_.go_on != nullptr && before / kStatesPerUpdate != nodes_.size() / kStatesPerUpdate)
      goes_on = bounds_.go_on(nodes_.size(), waiting_.size());
  }
  if (!waiting_.empty()) result_.complete = false;
  result_.states = nodes_.size();
  FindEndless();
  return result_;
}

// ---- Schedules ----------------------------------------------------------------------------------

namespace {

// A choice where the scheduler would have come to a task by itself.
struct Turn {
  uint8_t task;
  uint16_t nth;  // its next step
  size_t at;     // among all turns
  uint8_t other;
};

}  // namespace

scenario::Scenario Search::ScheduleOf(const Path& path) {
  scenario::Scenario s = scenario_;
  s.schedule.size = 0;
  std::vector<Turn> turns;
  run_.Restart();
  for (const uint8_t task : path) {
    const auto expected = static_cast<uint8_t>(run_.Default());
    const auto steps = static_cast<uint16_t>(run_.StepsOf(expected));
    if (!run_.HasMadeStep()) {
      turns.push_back({expected, static_cast<uint16_t>(steps + 1), turns.size(), task});
    } else if (task != expected && s.schedule.size < kMaxPreemptions) {
      s.schedule.push({expected, task, steps});
    }
    run_.Take(task);
    run_.GoesOn();
  }
  // Of the turns at one place only those up to the last that was not the task's own need a word.
  std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
    return std::tie(a.task, a.nth, a.at) < std::tie(b.task, b.nth, b.at);
  });
  for (auto turn = turns.begin(); turn != turns.end(); ++turn) {
    const bool needed = std::any_of(turn, turns.end(), [&turn](const Turn& t) {
      return t.task == turn->task && t.nth == turn->nth && t.other != t.task;
    });
    if (!needed || s.schedule.size == kMaxPreemptions) continue;
    scenario::Preemption p{turn->task, turn->other, 0, When::kBefore, {}, turn->nth};
    p.event.kind = sim::AnchorKind::kTurn;
    s.schedule.push(p);
  }
  return s;
}

std::string OutcomeText(const scenario::Scenario& s, const run::Outcome& o) {
  std::string text = run::Name(o.verdict);
  for (uint32_t i = 0; i < s.ops.size; ++i) {
    const actors::Result& r = run::ResultOf(i);
    absl::StrAppend(&text, " ", r.done != 0 ? absl::StrCat(r.rc) : "?");
  }
  for (const run::BlockEnd& end : run::BlocksAtEnd()) {
    absl::StrAppend(&text, " memory", end.number, "=", end.state);
  }
  return text;
}

}  // namespace hotplug::explore
