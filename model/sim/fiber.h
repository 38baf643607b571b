// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fibers: stacks on which tasks run straight-line code. This file and fiber.cc are the only
// ones that know Boost.Context and the sanitizers' view of a stack switch.
//
// There is one context for the caller of the run (kMain) and one for each task. Stacks are
// pooled and guarded: an overflow is a fault at once, not a neighbour's corruption. A fiber
// that is not finished when the run ends is abandoned: nothing on its stack is unwound, so
// only trivially destructible objects may live across a switch.
#ifndef MODEL_SIM_FIBER_H_
#define MODEL_SIM_FIBER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/limits.h"

namespace hotplug::sim {

class FiberPool {
 public:
  static constexpr uint32_t kMain = kMaxThreads;
  // Bytes of one stack. ASan's redzones make frames several times larger.
  static constexpr size_t kStackBytes = size_t{128} << 10;

  FiberPool();  // maps all stacks; pages are populated when they are first touched
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  // Prepares fiber `id` to call entry(id) at the first switch to it. The entry function
  // must not return; it ends by switching away for good.
  void Prepare(uint32_t id, void (*entry)(uint32_t id));

  // Suspends `from`, which must be the running context, and goes on with `to`.
  void Switch(uint32_t from, uint32_t to);

  // Where a fiber that is suspended goes on, as an address on the stack that it is on; and up to
  // where its own reaches. Who puts back what was there may say so.
  void* SuspendedAt(uint32_t id) const { return contexts_[id].sp; }
  void SuspendAt(uint32_t id, void* sp) { contexts_[id].sp = sp; }
  uintptr_t TopOf(uint32_t id) const { return BottomOf(id) + contexts_[id].size; }

  // The lowest address of the stack of a fiber; below it are GuardBytes() that fault.
  uintptr_t BottomOf(uint32_t id) const {
    return reinterpret_cast<uintptr_t>(contexts_[id].bottom);
  }
  static size_t GuardBytes();

  // True for an address in a frame of a fiber that is suspended.
  bool InSuspendedFrame(uintptr_t address) const;

 private:
  struct Context {
    void* sp = nullptr;  // where to go on, valid while suspended
    void (*entry)(uint32_t) = nullptr;
    void* fake_stack = nullptr;  // ASan's bookkeeping
    const void* bottom = nullptr;
    size_t size = 0;
  };
  struct Arrival;  // how Enter reaches the private parts

  void Arrived(uint32_t at, void* from_sp);

  std::array<Context, kMaxThreads + 1> contexts_;
  std::byte* stacks_ = nullptr;
  uint32_t from_ = kMain;
  uint32_t to_ = kMain;
};

}  // namespace hotplug::sim

#endif  // MODEL_SIM_FIBER_H_
