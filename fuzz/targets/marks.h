// SPDX-License-Identifier: GPL-2.0-or-later
//
// The obligation that the checks live by, held against a run: of whatever changes a page, or what
// its owner may hold, the step says that it has changed the page or its block (mm::Touch,
// TouchBlock). The checks look at nothing else, and so would not see what somebody has forgotten to
// say.
//
//   Marks marks;
//   options.observer = &marks;
#ifndef FUZZ_TARGETS_MARKS_H_
#define FUZZ_TARGETS_MARKS_H_

#include <cstdint>
#include <vector>

#include "model/mm/page.h"
#include "model/run/run.h"

namespace hotplug {

class Marks : public run::Observer {
 public:
  void Begin() override {
    forgotten_ = false;
    released_ = 0;
    seen_.assign(world::geometry().nr_blocks << world::geometry().block_order, {});
    Look([](Seen&, const Seen&, mm::Pfn) {});
  }

  void Step() override {
    // The tasks of a run that was stuck have been judged without a step, and were let go.
    const bool let_go = sim::sim().released != released_;
    released_ = sim::sim().released;
    Look([&](Seen& before, const Seen& now, mm::Pfn pfn) {
      const bool said = before == now || let_go || (Touched(pfn, before, now) && Dirty(pfn));
      forgotten_ = forgotten_ || !said;
    });
  }

  bool forgotten() const { return forgotten_; }

 private:
  // What I1, I2 and I3 judge a page by.
  struct Seen {
    int32_t refcount = 0;
    uint32_t entitled = 0;
    mm::Owner owner = mm::kNobody;
    uint8_t type = 0;
    uint8_t others = 0;
    mm::Phase phase = mm::Phase::kAbsent;
    bool operator==(const Seen&) const = default;
  };

  static Seen SeenAt(mm::Pfn pfn) {
    const mm::PageGhost& g = mm::GhostAt(pfn);
    const mm::page& p = mm::PageAt(pfn);
    const mm::Phase phase = mm::PhaseOf(pfn);
    // Pages of offline and absent blocks mean nothing.
    const bool in_memory = phase == mm::Phase::kOnlining || phase == mm::Phase::kOnline ||
                           phase == mm::Phase::kOfflining;
    if (!in_memory) return {0, 0, mm::kNobody, 0, 0, phase};
    const uint32_t entitled = mm::Entitled(g, mm::BlockIndex(mm::BlockOf(pfn)));
    return {p.refcount, entitled, g.owner, p.type, mm::OthersReferences(g), phase};
  }

  // In this step: it is the writer of the page or of its block then. The end of an operation gives
  // its owner back what it may hold, and is the last of what was done to the block.
  static bool Touched(mm::Pfn pfn, Seen before, const Seen& now) {
    const uint16_t step = sim::sim().last.tp;
    if (mm::GhostAt(pfn).writer == step) return true;
    if (mm::BlockGhostAt(mm::BlockOf(pfn)).writer == step) return true;
    before.entitled = now.entitled;
    return before == now;
  }

  // None is when all pages have just been looked at.
  static bool Dirty(mm::Pfn pfn) {
    const uint64_t dirty = mm::ledger().dirty_blocks;
    return dirty == 0 || (dirty >> mm::BlockIndex(mm::BlockOf(pfn)) & 1) != 0;
  }

  template <class F>
  void Look(F f) {
    const uint32_t pages = mm::PagesPerBlock();
    for (uint32_t i = 0; i < seen_.size(); ++i) {
      const mm::Pfn pfn = mm::FirstPfn(mm::BlockNumber(i / pages)) + i % pages;
      const Seen now = SeenAt(pfn);
      f(seen_[i], now, pfn);
      seen_[i] = now;
    }
  }

  std::vector<Seen> seen_;
  uint8_t released_ = 0;
  bool forgotten_ = false;
};

}  // namespace hotplug

#endif  // FUZZ_TARGETS_MARKS_H_
