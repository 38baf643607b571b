// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where in the kernel's code tasks were: the chain of calls at each of their calls of the host,
// and where code has faulted. Kept only if the trace is, and part of no digest: two compilers lay
// out one kernel differently.
#ifndef MODEL_TREE_PLACES_H_
#define MODEL_TREE_PLACES_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "model/tree/image.h"
#include "model/world/view.h"

namespace hotplug::tree {

// What addresses of the kernel's code stand for, each with what is inlined there, innermost first.
using LookUp = std::function<std::vector<std::vector<world::Frame>>(const std::vector<uint32_t>&)>;

class Places {
 public:
  explicit Places(const Image& image) : image_(image) {}

  void UseLines(LookUp lines) { lines_ = std::move(lines); }
  void Clear() {
    for (std::vector<Entry>& of_task : entries_) of_task.clear();
    looked_up_ = false;
    stall_.clear();
    nr_stalls_ = 0;
  }
  // The running task, with the frame pointer of a function that it has called, or that was at `pc`.
  void Note(const void* frame, uintptr_t pc = 0);

  // The running task does not come out of the kernel: where it is now, by its frame pointer. True
  // when that has been seen often enough to say in which function the loop is.
  bool NoteStall(const void* frame, uintptr_t pc);
  const Symbol* stalled_in() const { return stall_.back(); }

  // Where the task was when it made the step, innermost first; empty if nobody knows. Without
  // lines a place is a function and an offset.
  std::vector<world::Frame> At(uint32_t task, uint32_t step);

 private:
  struct Entry {
    uint32_t step;  // before it has called
    std::vector<uint32_t> chain;
  };

  std::vector<uint32_t> Chain(uint32_t task, const void* frame, uintptr_t pc) const;
  const std::vector<world::Frame>& FramesAt(uint32_t pc);
  void LookUpAll();

  const Image& image_;
  LookUp lines_;
  std::array<std::vector<Entry>, WORLD_TASKS> entries_;  // by task, in the order of their steps
  bool looked_up_ = false;
  std::map<uint32_t, std::vector<world::Frame>> frames_;  // by pc, whatever the run
  std::vector<const Symbol*> stall_;  // functions that all samples have in common, outermost first
  uint32_t nr_stalls_ = 0;
};

}  // namespace hotplug::tree

#endif  // MODEL_TREE_PLACES_H_
