// SPDX-License-Identifier: GPL-2.0-or-later
//
// A run whose host chooses who runs at every step, and which can be put back to where it was. The
// host is on the main stack between two choices; what decides the future is copied out and in as
// bytes, stacks included, which never move.
//
//   run::Choices run(scenario, options);
//   while (run.GoesOn()) run.Take(run.Default());
//   ... run.Finished() ...
#ifndef MODEL_RUN_CHOICES_H_
#define MODEL_RUN_CHOICES_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "model/run/run.h"

namespace hotplug::run {

// Of all that decides the future: equal for equal states, in every build of the host, for one image
// of a world. Two states of N have one name with a probability of about N^2 / 2^129.
using StateName = std::pair<uint64_t, uint64_t>;

class Choices {
 public:
  // In the tree world alone. At most one at a time in a thread.
  Choices(const scenario::Scenario& s, const RunOptions& options);
  ~Choices();
  Choices(const Choices&) = delete;
  Choices& operator=(const Choices&) = delete;

  // Before the first choice, with a machine that has been booted anew. False: it does not boot, and
  // nothing else may be asked of it.
  bool Restart();

  // Whether somebody can go on. If nobody can now, time passes up to when somebody can.
  bool GoesOn();
  // Tasks that can, a bit each.
  uint32_t Ready() const;
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
    // What is in use of a stack.
    struct Part {
      uintptr_t from;
      uintptr_t to;
    };
    std::vector<Word> words;       // that are not as they were at the begin
    std::vector<Part> parts;       // of tasks that have not ended,
    std::vector<std::byte> stack;  // one after the other
    std::vector<void*> at;         // where each task is suspended
    std::vector<uint64_t> last;    // as Choices has it
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
  void AddRegion(const void* at, size_t bytes);
  void MaskArena();
  void Mask(const void* field, size_t bytes);
  void GrowArena();
  template <class F>
  void ForEachChange(F f);
  // Keeps the parts that are in use of the stacks of a task: its own, and the kernel's.
  static void SaveStacks(uint32_t task, Saved* to);

  scenario::Scenario scenario_;
  RunOptions options_;
  Outcome outcome_;
  std::vector<Region> regions_;
  // Of each task, its last step: what it has not written down of an operation yet.
  std::vector<uint64_t> last_;
};

}  // namespace hotplug::run

#endif  // MODEL_RUN_CHOICES_H_
