// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/sim/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <boost/context/detail/fcontext.hpp>

#include "model/sim/asan.h"
#include "model/sim/check.h"

#ifdef HOTPLUG_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace hotplug::sim {

namespace fc = boost::context::detail;

struct FiberPool::Arrival {
  static void Enter(fc::transfer_t t) {
    auto* pool = static_cast<FiberPool*>(t.data);
    const uint32_t self = pool->to_;
    pool->Arrived(self, t.fctx);
    pool->contexts_[self].entry(self);
    HOTPLUG_CHECK(!"a fiber's entry function returned");
  }
};

size_t FiberPool::GuardBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

FiberPool::FiberPool() {
  const size_t stride = kStackBytes + GuardBytes();
  void* map = mmap(nullptr, stride * kMaxThreads, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  HOTPLUG_CHECK(map != MAP_FAILED);
  stacks_ = static_cast<std::byte*>(map);
  for (uint32_t i = 0; i < kMaxThreads; ++i) {
    // Stacks grow down: the guard page is the lowest of each.
    HOTPLUG_CHECK(mprotect(stacks_ + i * stride, GuardBytes(), PROT_NONE) == 0);
    contexts_[i].bottom = stacks_ + i * stride + GuardBytes();
    contexts_[i].size = kStackBytes;
  }
}

FiberPool::~FiberPool() { munmap(stacks_, (kStackBytes + GuardBytes()) * kMaxThreads); }

void FiberPool::Prepare(uint32_t id, void (*entry)(uint32_t)) {
  Context& c = contexts_[id];
#ifdef HOTPLUG_ASAN
  // The frames of the run before this one were abandoned with their redzones in place.
  __asan_unpoison_memory_region(c.bottom, c.size);
  c.fake_stack = nullptr;
#endif
  auto* top = static_cast<std::byte*>(const_cast<void*>(c.bottom)) + c.size;
  c.entry = entry;
  c.sp = fc::make_fcontext(top, c.size, &Arrival::Enter);
}

void FiberPool::Switch(uint32_t from, uint32_t to) {
  from_ = from;
  to_ = to;
  void* const sp = contexts_[to].sp;
#ifdef HOTPLUG_ASAN
  __sanitizer_start_switch_fiber(&contexts_[from].fake_stack, contexts_[to].bottom,
                                 contexts_[to].size);
#endif
  const fc::transfer_t t = fc::jump_fcontext(sp, this);
  Arrived(from, t.fctx);
}

bool FiberPool::InSuspendedFrame(uintptr_t address) const {
  return std::any_of(
      contexts_.begin(), contexts_.begin() + kMaxThreads, [address](const Context& c) {
        const auto sp = reinterpret_cast<uintptr_t>(c.sp);
        return sp != 0 && address - sp < reinterpret_cast<uintptr_t>(c.bottom) + c.size - sp;
      });
}

// Runs on the stack of `at` right after a switch to it.
void FiberPool::Arrived(uint32_t at, void* from_sp) {
  contexts_[from_].sp = from_sp;
#ifdef HOTPLUG_ASAN
  const void* bottom = nullptr;
  size_t size = 0;
  __sanitizer_finish_switch_fiber(contexts_[at].fake_stack, &bottom, &size);
  // The main stack's bounds are known to ASan alone; a fiber's are ours.
  if (from_ == kMain) {
    contexts_[kMain].bottom = bottom;
    contexts_[kMain].size = size;
  }
#else
  (void)at;
#endif
}

}  // namespace hotplug::sim
