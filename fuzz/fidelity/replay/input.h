// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a recording tells of pages that no request of it has taken: those of the kernel itself, of
// processes and of the page cache. Where they lie decides what isolation, grab and mtalloc find.
// PAGES lines tell how many there are; what they do not tell, the outcome of a request does.
#ifndef FUZZ_FIDELITY_REPLAY_INPUT_H_
#define FUZZ_FIDELITY_REPLAY_INPUT_H_

#include <map>
#include <optional>
#include <set>

#include "fuzz/fidelity/instrument/instrument.h"
#include "fuzz/fidelity/recording/recording.h"

namespace hotplug::replay {

class Input {
 public:
  explicit Input(const recording::File& file) : file_(file) {}

  // The work of the line with that index is about to begin: pages are put where its outcome says
  // that they are.
  void TakeFor(size_t at, const instrument::Work& work);
  // The mtalloc that runs has allocated: what it passed over can be had again.
  void Allocated();

  // A process has filled so much memory of its own.
  void Eat(int64_t proc, int64_t mib) { eaten_mib_[proc] = mib; }
  bool has_eaters() const { return !eaten_mib_.empty(); }
  // How many pages that are; 0 for other processes.
  int64_t PagesOf(int64_t proc) const;
  // It ends, and as many pages are free, wherever they were moved to. False for other processes.
  bool EndEater(int64_t proc);

  // A PAGES line says how many there are in a block, which has a device.
  void Adopt(const recording::Line& pages);
  // Whether the kernel has had pages of its own in the block.
  bool Busy(mm::BlockId block) const { return busy_.count(block.v) != 0; }

 private:
  template <class F>
  void ForEachLineOf(size_t at, F f) const;
  bool FailsToIsolate(size_t at, mm::BlockId block) const;
  void TakeForGrab(size_t at, const instrument::Work& work) const;
  void TakeForMtalloc(size_t at, const instrument::Work& work);

  const recording::File& file_;
  std::optional<mm::BlockId> passed_over_;  // by the mtalloc that runs
  std::set<uint32_t> busy_;
  std::map<int64_t, int64_t> eaten_mib_;  // by process
};

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_INPUT_H_
