// SPDX-License-Identifier: GPL-2.0-or-later
//
// Functions of the kernel that tell the host when they begin and end: each begins with room for a
// call (-fpatchable-function-entry), which is written to those that somebody wants to know of.
// Preemptions are anchored at them, the ledger learns of operations, and a step in one of them
// counts as a step of it.
#ifndef MODEL_TREE_FUNCTIONS_H_
#define MODEL_TREE_FUNCTIONS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "model/tree/image.h"
#include "model/world/types.h"

namespace hotplug::tree {

// What the host does at the beginning and at the end of a function; null: nothing. `result` is
// what it returns, if it returns anything.
struct Watcher {
  const char* name;
  void (*begins)(const world_call& call) = nullptr;
  void (*ends)(const world_call& call, long result) = nullptr;
};

// The first `anchored` of the names are functions that preemptions can be before, too: all others
// tell their end alone.
struct FunctionNames {
  std::span<const char* const> names;
  uint32_t anchored = 0;
};

class Functions {
 public:
  struct Function {
    uint32_t address;
    uint16_t row;  // of its name, kNoRow without one
    const Watcher* watcher;
  };
  static constexpr uint16_t kNoRow = UINT16_MAX;

  // Writes the calls. A name that the image has no function of is left out: the compiler has
  // inlined it, or this kernel has another one.
  void Tell(const Image& image, const FunctionNames& names, std::span<const Watcher> watchers);
  // The place of the function that begins there, and has been told to tell.
  uint32_t IndexOf(const void* address) const;
  const Function& operator[](uint32_t index) const { return functions_[index]; }
  bool BeforeToo(const Function& f) const { return f.row < anchored_; }
  // Whether each watcher watches one.
  bool complete() const { return complete_; }

 private:
  std::vector<Function> functions_;  // by address
  uint32_t anchored_ = 0;
  bool complete_ = false;
};

}  // namespace hotplug::tree

#endif  // MODEL_TREE_FUNCTIONS_H_
