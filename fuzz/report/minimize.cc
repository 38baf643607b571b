// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/minimize.h"

#include <algorithm>

#include "fuzz/report/anchors.h"
#include "fuzz/report/reduce.h"
#include "fuzz/report/report.h"
#include "fuzz/report/token.h"

namespace hotplug::report {

namespace {

using scenario::Scenario;

class Minimizer {
 public:
  Minimizer(const Scenario& s, const run::RunOptions& options,
            const std::function<bool(const Minimized&)>& go_on, uint32_t max_runs)
      : options_(options), go_on_(go_on), max_runs_(max_runs) {
    options_.on_violation = run::OnViolation::kStop;
    options_.keep_trace = true;
    result_.scenario = s;
  }

  Minimized Run() {
    // Reductions move steps, as fewer of them are left.
    best_.s = Stepped(result_.scenario, options_);
    result_.token = TokenOf(best_.s);
    if (result_.token.empty()) return result_;
    SetAnchors();
    while (Pass()) {
    }
    SortSchedule();
    result_.scenario = Anchored(best_.s, options_);
    result_.complete = !stopped_;
    return result_;
  }

 private:
  // Runs the scenario; empty if it does not fail.
  std::string TokenOf(const Scenario& s) {
    run::Run(s, options_, &outcome_);
    ++result_.runs;
    if (result_.runs >= max_runs_ || (go_on_ && !go_on_(result_))) stopped_ = true;
    return report::TokenOf(s, options_, outcome_);
  }

  // About the last run, which was of best_.
  void SetAnchors() {
    const std::vector<Point> points = PointsOf(run::Trace(), best_.s);
    best_.anchors.clear();
    for (const scenario::Preemption& p : best_.s.schedule) {
      best_.anchors.push_back(AnchorOf(points, p));
    }
  }

  // Tries every change once, and again where it was fruitful. False if nothing was.
  bool Pass() {
    bool any = false;
    for (uint32_t k = 0; k < kNrReductions; ++k) {
      for (uint32_t i = 0; !stopped_;) {
        Candidate c = best_;
        if (!kReductions[k].apply(c, i)) break;
        if (Accept(c)) {
          any = true;
        } else {
          ++i;
        }
      }
    }
    return any && !stopped_;
  }

  // Keeps the candidate if it fails in the same way: with the steps of its schedule where
  // its anchors have moved to, or else with those that it has.
  bool Accept(Candidate c) {
    if (scenario::Invalid(c.s, run::Names()) != nullptr) return false;
    if (options_.world->fit != nullptr) options_.world->fit(&c.s);
    if (c.s == best_.s) return false;
    Candidate settled = c;
    if (c.s.schedule.size != 0 && Settle(settled) && TakeIfSame(settled.s)) return true;
    return TakeIfSame(c.s);
  }

  bool TakeIfSame(const Scenario& s) {
    if (stopped_ || TokenOf(s) != result_.token) return false;
    best_.s = s;
    result_.scenario = s;
    SetAnchors();
    return true;
  }

  // Gives each entry of the schedule the step at which its anchor is now, one after the
  // other: an entry counts for the run only from there on. False if nothing has moved.
  bool Settle(Candidate& c) {
    const auto old = c.s.schedule;
    std::vector<uint32_t> steps(old.size, 0);
    for (;;) {
      c.s.schedule = {};
      for (uint32_t i = 0; i < old.size; ++i) {
        scenario::Preemption p = old[i];
        if (p.when == When::kStep) p.step = Step16(steps[i]);
        if (p.when != When::kStep || p.step != 0) c.s.schedule.push(p);
      }
      TokenOf(c.s);
      if (stopped_ || !SettleNext(c, old, steps)) break;
    }
    return !stopped_ && !(c.s.schedule == old);
  }

  // The schedule in the order in which its entries come, for the reader.
  void SortSchedule() {
    if (stopped_ || best_.s.schedule.size < 2) return;
    Scenario s = best_.s;
    const auto comes_at = [points = LastPoints()](const scenario::Preemption& p) {
      for (const Point& point : points) {
        if (point.task == p.task && point.own == p.step) return point.step;
      }
      return UINT32_MAX;
    };
    // An insertion sort, which keeps the order of entries for the same place.
    for (uint32_t i = 1; i < s.schedule.size; ++i) {
      const scenario::Preemption entry = s.schedule[i];
      uint32_t k = i;
      for (; k > 0 && comes_at(s.schedule[k - 1]) > comes_at(entry); --k) {
        s.schedule[k] = s.schedule[k - 1];
      }
      s.schedule[k] = entry;
    }
    TakeIfSame(s);
  }

  // The points of a run of best_.
  std::vector<Point> LastPoints() {
    TokenOf(best_.s);
    return PointsOf(run::Trace(), best_.s);
  }

  static uint16_t Step16(uint32_t step) { return static_cast<uint16_t>(step); }

  // Settles the entry that comes first in the last run; false if none is left that comes.
  static bool SettleNext(const Candidate& c, const decltype(Scenario::schedule)& old,
                         std::vector<uint32_t>& steps) {
    const std::vector<Point> points = PointsOf(run::Trace(), c.s);
    const Point* first = nullptr;
    uint32_t entry = 0;
    for (uint32_t i = 0; i < old.size; ++i) {
      if (steps[i] != 0 || old[i].when != When::kStep) continue;
      const Point* at = Find(points, old[i].task, c.anchors[i]);
      if (at == nullptr || (first != nullptr && first->step <= at->step)) continue;
      first = at;
      entry = i;
    }
    if (first == nullptr) return false;
    steps[entry] = first->own;
    return true;
  }

  // The anchor's place, or the last one like it if there are fewer events now.
  static const Point* Find(const std::vector<Point>& points, uint32_t task, const Anchor& anchor) {
    const Point* found = nullptr;
    for (const Point& p : points) {
      if (p.task != task || p.anchor.op != anchor.op || p.anchor.tp != anchor.tp) continue;
      if (p.anchor.nth <= anchor.nth) found = &p;
    }
    return found;
  }

  run::RunOptions options_;
  const std::function<bool(const Minimized&)>& go_on_;
  uint32_t max_runs_;
  run::Outcome outcome_;
  Candidate best_;
  Minimized result_;
  bool stopped_ = false;
};

}  // namespace

Minimized Minimize(const Scenario& s, const run::RunOptions& options,
                   const std::function<bool(const Minimized&)>& go_on, uint32_t max_runs) {
  return Minimizer(s, options, go_on, max_runs).Run();
}

}  // namespace hotplug::report
