// SPDX-License-Identifier: GPL-2.0-or-later
//
// A driver's file is native code: it can fault, loop, and end the process. Where a fault can be
// told as the kernel would, it becomes an oops of the simulated machine; of the rest it is said
// what happened, and in which function.
#ifndef FUZZ_DRIVER_GUARD_H_
#define FUZZ_DRIVER_GUARD_H_

#include <array>
#include <cstdint>

#include "model/shim/shim.h"

namespace hotplug::driver {

// How a file has ended its process, or would have. Plain data: a handler of signals fills it in,
// and it goes through a pipe.
struct Death {
  static constexpr uint64_t kNowhere = UINT64_MAX;

  int32_t signal = 0;
  int32_t system_call = -1;         // number of the one that the file has made, or -1
  uint32_t overflow = 0;            // of the stack
  uint32_t seconds = 0;             // without progress, or 0
  uint64_t offset = kNowhere;       // of the code in the image
  std::array<char, 64> function{};  // "" if it is not known
};

// "mine.c: mine_init() at mine.c:42: SIGSEGV: stack overflow", without the place if it is empty.
// For handlers of signals, too.
using Line = std::array<char, 512>;
Line Sentence(const Death& death, const char* name, const char* place);

// From now on `died` is told, on a stack of its own, in a handler of a signal. It does not return.
// No progress is no basic block and no run for so many seconds of processor time.
struct GuardOptions {
  void (*died)(const Death& death) = nullptr;
  uint32_t stall_seconds = 10;
  bool aborts = true;  // SIGABRT is told, too
};
void Guard(const GuardOptions& options);

// Whose file it is: null while it is loaded.
void SetGuarded(const shim::Module* module);

}  // namespace hotplug::driver

#endif  // FUZZ_DRIVER_GUARD_H_
