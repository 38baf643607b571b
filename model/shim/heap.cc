// SPDX-License-Identifier: GPL-2.0-or-later
//
// kmalloc for C code, and what KASAN and the MMU say to its accesses. mm has the objects, their
// redzones, the quarantine and the injected failures; here are the bytes.
#include <algorithm>
#include <cstring>

#include "model/mm/services.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

constexpr uint8_t kPoisonInUse = 0x5a;  // of memory that nobody has written to
constexpr uint8_t kPoisonFree = 0x6b;
constexpr uintptr_t kZeroSize = 16;  // ZERO_SIZE_PTR

// Pages are large here (16 MiB of 256 MiB blocks): of each that vmalloc gives so much is there.
constexpr size_t kBytesOfPage = 64;

uintptr_t Heap() { return reinterpret_cast<uintptr_t>(state().heap.data()); }
bool InHeap(uintptr_t address) { return address - Heap() < kHeapBytes; }

void* Alloc(const hotplug_site* at, size_t n, size_t size, unsigned int flags) {
  Enter(at, (flags & HOTPLUG_ATOMIC) != 0 ? Context::kAny : Context::kSleeps);
  const size_t most = kHeapBytes + 1;  // more than there is: will not fit, whatever it is
  const size_t asked = size != 0 && n > SIZE_MAX / size ? SIZE_MAX : n * size;
  const size_t pages = (asked >> mm::PageShift()) + (asked % (size_t{1} << mm::PageShift()) != 0);
  const size_t bytes =
      std::min(most, (flags & HOTPLUG_PAGES) != 0 ? std::min(asked, pages * kBytesOfPage) : asked);
  if (bytes == 0) return reinterpret_cast<void*>(kZeroSize);
  const mm::HeapPtr p = mm::kcalloc(1, static_cast<uint32_t>(bytes));
  if (p.v == 0) return nullptr;
  uint8_t* object = state().heap.data() + p.v;
  std::memset(object, (flags & HOTPLUG_ZERO) != 0 ? 0 : kPoisonInUse, bytes);
  return object;
}

void Free(const hotplug_site* at, const void* object) {
  Enter(at, Context::kAny);
  const auto address = reinterpret_cast<uintptr_t>(object);
  if (address == 0 || address == kZeroSize) return mm::kfree(mm::HeapPtr{});
  const mm::heap_object* o = ObjectOf(address);
  if (o == nullptr || address != Heap() + o->start) {
    Kasan(std::string("invalid-free in ") + at->function, at->function);
    return mm::kfree(mm::HeapPtr{});
  }
  if (RegisteredWithin(address, address + o->size)) {
    Kasan(std::string("free of a registered notifier_block in ") + at->function, at->function);
  }
  if (o->live != 0) {
    std::memset(state().heap.data() + o->start, kPoisonFree, o->size);
  } else {
    Inside::Blame(at->function);
  }
  mm::kfree(mm::HeapPtr{o->start});
}

std::string Words(const char* what, const std::string& function, int write, size_t size) {
  return std::string(what) + " in " + function + ", " + (write != 0 ? "write" : "read") + " of " +
         std::to_string(size) + " bytes";
}

// The function may be null: that of `pc` then, which is looked for only if it is needed.
void AccessHeap(uintptr_t address, size_t size, int write, uintptr_t pc, const char* known) {
  const mm::heap_object* o = ObjectOf(address);
  if (o == nullptr) {
    const std::string function = known != nullptr ? known : Inside::FunctionAt(pc);
    return Kasan(Words("slab-out-of-bounds", function, write, size), function);
  }
  const size_t offset = address - (Heap() + o->start);
  if (o->live != 0 && offset + size <= o->size) return;
  const std::string function = known != nullptr ? known : Inside::FunctionAt(pc);
  Kasan(Words(o->live == 0 ? "use-after-free" : "slab-out-of-bounds", function, write, size) +
            " at offset " + std::to_string(offset) + " of an object of " + std::to_string(o->size) +
            " bytes",
        function);
}

// The running task's, or that of another one, which may have registered what lies on it.
bool OnStack(uintptr_t address) {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return address - here < sim::FiberPool::kStackBytes ||
         sim::machine->fibers.InSuspendedFrame(address);
}

// Objects of the kernel that drivers reach into.
template <class T>
bool Within(const T& object, uintptr_t address) {
  return address - reinterpret_cast<uintptr_t>(&object) < sizeof(object);
}
template <class T>
size_t RestOf(const T& object, uintptr_t address) {
  return Within(object, address) ? reinterpret_cast<uintptr_t>(&object + 1) - address : 0;
}
bool InKernel(uintptr_t address) {
  return Within(state().blocks, address) || Within(state().files, address) ||
         Within(state().device, address);
}

}  // namespace

const mm::heap_object* ObjectOf(uintptr_t address) {
  const mm::MmState& m = mm::mm();
  if (!InHeap(address)) return nullptr;
  const size_t offset = address - Heap();
  // Objects lie one behind the other: the last one that begins at or before the address.
  uint32_t n = m.nr_heap_objects;
  while (n != 0 && m.heap_objects[n - 1].start > offset) --n;
  return n == 0 ? nullptr : &m.heap_objects[n - 1];
}

void Access(uintptr_t address, size_t size, int write, uintptr_t pc) {
  const Image& image = Inside::image();
  // The vocabulary's own way into the kernel.
  if (address - reinterpret_cast<uintptr_t>(image.module.kernel) < sizeof(hotplug_kernel)) return;
  const bool is_static = address - image.begin < image.end - image.begin;
  if (!is_static && OnStack(address)) return;
  const bool is_heap = !is_static && InHeap(address);
  if (is_heap) {
    AccessHeap(address, size, write, pc, nullptr);
  } else if (!is_static && !InKernel(address)) {
    const bool null = address < kNullPage || address >= kErrors;
    Oops(null ? "Unable to handle kernel NULL pointer dereference"
              : "Unable to handle kernel paging request",
         Inside::FunctionAt(pc));
  }
  const uintptr_t data = reinterpret_cast<uintptr_t>(image.data);
  if (is_heap || address - data < image.data_bytes) Inside::Shared(write, pc);
}

size_t ReadableFrom(uintptr_t address) {
  const Image& image = Inside::image();
  if (address - image.begin < image.end - image.begin) return image.end - address;
  for (uint32_t task = 0; task < kMaxThreads; ++task) {
    const size_t offset = address - sim::machine->fibers.BottomOf(task);
    if (offset < sim::FiberPool::kStackBytes) return sim::FiberPool::kStackBytes - offset;
  }
  const State& s = state();
  return std::max({RestOf(s.heap, address), RestOf(s.blocks, address), RestOf(s.files, address),
                   RestOf(s.device, address)});
}

void CheckHeap(uintptr_t address, size_t size, const char* function) {
  if (size != 0 && InHeap(address)) AccessHeap(address, size, 0, 0, function);
}

void FillHeap(hotplug_kernel* k) {
  k->alloc = &Alloc;
  k->free = &Free;
  k->access = &Access;
  k->block = &Inside::Covered;
}

}  // namespace hotplug::shim
