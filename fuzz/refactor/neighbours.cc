// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/refactor/neighbours.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

namespace hotplug::refactor {

namespace {

using scenario::Preemption;
using Part = std::vector<int>;   // 1 for each entry that moves, else 0
using Moves = std::vector<int>;  // of each entry, in steps

// Each entry alone, then each with all later ones of its task.
std::vector<Part> PartsOf(const Schedule& schedule) {
  std::vector<Part> parts;
  for (uint32_t i = 0; i < schedule.size; ++i) {
    if (schedule[i].when != When::kStep) continue;
    parts.emplace_back(schedule.size);
    parts.back()[i] = 1;
  }
  for (const Preemption& first : schedule) {
    if (first.when != When::kStep) continue;
    Part part;
    for (const Preemption& p : schedule) {
      const bool later = p.task == first.task && p.step >= first.step;
      part.push_back(later && p.when == When::kStep ? 1 : 0);
    }
    if (std::find(parts.begin(), parts.end(), part) == parts.end()) parts.push_back(part);
  }
  return parts;
}

class Builder {
 public:
  Builder(const Schedule& schedule, size_t limit)
      : schedule_(schedule), limit_(limit), parts_(PartsOf(schedule)) {
    Add(Moves(schedule.size), 0);
  }

  void AddDistance(int d) {
    for (const Part& part : parts_) {
      Add(Moved({part, -d}), d);
      Add(Moved({part, d}), d);
    }
    for (size_t i = 0; i < parts_.size(); ++i) {
      for (size_t k = i + 1; k < parts_.size() && result_.complete; ++k) AddPairs(i, k, d);
    }
  }

  Neighbourhood Take() { return std::move(result_); }

 private:
  using Move = std::pair<const Part&, int>;

  Moves Moved(const Move& a) const {
    Moves moves = a.first;
    for (int& m : moves) m *= a.second;
    return moves;
  }
  Moves Moved(const Move& a, const Move& b) const {
    Moves moves = Moved(a);
    for (size_t i = 0; i < moves.size(); ++i) moves[i] += b.first[i] * b.second;
    return moves;
  }

  // Both parts, at least one of them by all of the distance.
  void AddPairs(size_t i, size_t k, int d) {
    for (int a = -d; a <= d; ++a) {
      const int next = std::abs(a) == d ? 1 : 2 * d;
      for (int b = -d; b <= d; b += next) Add(Moved({parts_[i], a}, {parts_[k], b}), d);
    }
  }

  void Add(const Moves& moves, int distance) {
    if (!result_.complete || !seen_.insert(moves).second) return;
    Neighbour n{schedule_, static_cast<uint32_t>(distance)};
    for (uint32_t i = 0; i < schedule_.size; ++i) {
      if (moves[i] == 0) continue;  // an anchored one has no step
      const int step = schedule_[i].step + moves[i];
      if (step < 1 || step > UINT16_MAX) return;
      n.schedule[i].step = static_cast<uint16_t>(step);
    }
    result_.complete = result_.members.size() < limit_;
    if (result_.complete) result_.members.push_back(n);
  }

  const Schedule& schedule_;
  const size_t limit_;
  const std::vector<Part> parts_;
  std::set<Moves> seen_;
  Neighbourhood result_;
};

}  // namespace

Neighbourhood NeighboursOf(const Schedule& schedule, uint32_t reach, size_t limit) {
  Builder builder(schedule, limit);
  for (uint32_t d = 1; d <= reach; ++d) builder.AddDistance(static_cast<int>(d));
  return builder.Take();
}

}  // namespace hotplug::refactor
