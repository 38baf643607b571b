// SPDX-License-Identifier: GPL-2.0-or-later
//
// A run whose host chooses who runs at every step, and which can be put back to where it was. The
// host is on the main stack between two choices; what decides the future is copied out and in as
// bytes, stacks included, which never move.
//
//   run::Choices run(scenario, options);
//   while (run.Ready() != 0 || run.PassTime()) run.Take(first task of run.Ready());
//   ... run.Finished() ...
#ifndef MODEL_RUN_CHOICES_H_
#define MODEL_RUN_CHOICES_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/run/run.h"

namespace hotplug::run {

// Of all that decides the future: equal for equal states, in every build of the host, for one image
// of a world. Two states of N have one name with a probability of about N^2 / 2^129.
struct StateName {
  uint64_t a = 0;
  uint64_t b = 0;
  bool operator==(const StateName&) const = default;
  auto operator<=>(const StateName&) const = default;
};

class Choices {
 public:
  // In the tree world alone. At most one at a time in a thread.
  Choices(const scenario::Scenario& s, const RunOptions& options);
  ~Choices();
  Choices(const Choices&) = delete;
  Choices& operator=(const Choices&) = delete;

  // Before the first choice, with a machine that has been booted anew.
  void Restart();

  // Tasks that can go on, a bit each. With none time may pass up to when some can.
  uint32_t Ready() const;
  bool PassTime();
  // The task that would go on if nobody chose: the one that has made the last step, or that whose
  // turn it is.
  uint32_t Default() const;
  // Whether that is the one that has made the last step.
  bool HasMadeStep() const;
  // The steps that a task has made.
  uint32_t StepsOf(uint32_t task) const;
  // Runs it up to its next step, or until it blocks or ends: kPaused, kBlocked, kViolation, kDead.
  sim::Stop Take(uint32_t task);
  // Nobody can go on: all have ended, and nobody waits.
  bool Finished() const;
  // What came out of a run that has stopped: a violation, or its end.
  Outcome OutcomeAt(sim::Stop stop);

  StateName Name();

  struct Saved {
    struct Word {
      uint32_t index;
      uint64_t value;
    };
    std::vector<Word> words;       // that are not as they were at the begin
    std::vector<std::byte> stack;  // of those that have not ended, one after the other
    std::vector<uintptr_t> at;     // where each is, and from where on it is kept
    uint32_t nr_texts = 0;
  };
  void Save(Saved* to);
  void Load(const Saved& from);

 private:
  struct Region {
    std::byte* at;
    std::vector<uint64_t> base;
    std::vector<uint64_t> mask;  // bits that decide the future; empty: all
    uint32_t first;              // index of its first word
  };
  struct Stack {
    uintptr_t from;
    uintptr_t to;
  };

  void AddRegion(const void* at, size_t bytes);
  void MaskArena();
  void Mask(const void* field, size_t bytes);
  void GrowArena();
  template <class F>
  void ForEachChange(F f);
  // The parts of the stacks of a task that are in use: its own, and the kernel's.
  std::vector<Stack> StacksOf(uint32_t task) const;

  scenario::Scenario scenario_;
  RunOptions options_;
  Outcome outcome_;
  std::vector<Region> regions_;
  // Of each task, its last step: what it has not written down of an operation yet.
  std::vector<uint64_t> last_;
};

}  // namespace hotplug::run

#endif  // MODEL_RUN_CHOICES_H_
