// SPDX-License-Identifier: GPL-2.0-or-later
//
// Small kernel services that a driver uses besides memory hotplug: kmalloc with redzones,
// ioremap, debugfs directories, printk, and a place where it may be preempted.
#ifndef MODEL_MM_SERVICES_H_
#define MODEL_MM_SERVICES_H_

#include <cstdint>
#include <type_traits>

#include "model/mm/state.h"

namespace hotplug::mm {

// ---- kmalloc ----------------------------------------------------------------------------

// A pointer into the simulated heap: where the object starts. 0 is NULL.
struct HeapPtr {
  uint16_t v = 0;
  friend bool operator==(const HeapPtr&, const HeapPtr&) = default;
};

inline constexpr uint32_t kRedzoneBytes = 32;
inline constexpr uint32_t kHeapAlign = 8;  // ARCH_KMALLOC_MINALIGN

// Zeroed memory with a redzone on both sides; freed objects stay in quarantine for the rest
// of the run. NULL if the heap is full or a failure is injected.
HeapPtr kcalloc(uint32_t n, uint32_t size);
// Freeing NULL has no effect. Freeing twice is a bug (K2).
void kfree(HeapPtr p);

// Bytes [offset, offset + size) of the object at p. An access outside of a live object is a
// report (K2; silent, as only KASAN would print it); it still happens where the heap has
// memory, as it would.
void HeapRead(HeapPtr p, uint32_t offset, void* to, uint32_t size);
void HeapWrite(HeapPtr p, uint32_t offset, const void* from, uint32_t size);

// The same for the checks: no report, no effect. False if the heap has no such bytes.
bool HeapPeek(HeapPtr p, uint32_t offset, void* to, uint32_t size);

template <class T>
T heap_read(HeapPtr p, uint32_t index) {
  static_assert(std::has_unique_object_representations_v<T>);
  T value{};
  HeapRead(p, index * sizeof(T), &value, sizeof(T));
  return value;
}
template <class T>
void heap_write(HeapPtr p, uint32_t index, const T& value) {
  static_assert(std::has_unique_object_representations_v<T>);
  HeapWrite(p, index * sizeof(T), &value, sizeof(T));
}

// ---- The linear mapping ------------------------------------------------------------------

// Whether a page is mapped is not modelled. Creating fails as adding memory does, of which it is a
// part: 0 or an injected errno.
int arch_create_linear_mapping(Pfn start, uint32_t nr_pages);
void arch_remove_linear_mapping(Pfn start, uint32_t nr_pages);

// ---- ioremap, debugfs -------------------------------------------------------------------

// Handles count from 1; 0 is NULL.
uint32_t ioremap(Pfn start);
void iounmap(uint32_t mapping);
uint32_t debugfs_create_dir(uint32_t nid);
// Waits for who is inside of an operation of its file, unless that is unsafe.
void debugfs_remove_recursive(uint32_t dir);
// The same of its file alone.
void debugfs_remove(uint32_t dir);

// What the page contained is gone.
void clear_page(Pfn pfn);
// Copies pages from a mapping, from its page `first` on, to user space: 0, or -EFAULT where nothing
// is mapped. There the loads fault, which their entries in the exception table survive: only KASAN
// would print it.
int simple_read_from_buffer(uint32_t mapping, uint32_t first, uint32_t nr_pages);
// Maps pages of whole blocks into the address space of the running task, until that ends.
int remap_pfn_range(Pfn start, uint32_t nr_pages);
// Unmaps pages of whole blocks from every address space.
void unmap_mapping_range(Pfn start, uint32_t nr_pages);
void exit_mmap();

// Operations of a file of a directory, on what it was created with: 0 or a negative errno.
using debugfs_operation = int (*)(HeapPtr object, uint32_t index);
using debugfs_transfer = int (*)(HeapPtr object, uint32_t index, const file_range& range);
struct debugfs_fops {
  debugfs_transfer read = nullptr;
  debugfs_transfer mmap = nullptr;
  debugfs_operation open = nullptr;
  debugfs_operation release = nullptr;
};
// An open file: its directory, and what it was created with.
struct debugfs_open_file {
  uint32_t dir = 0;
  uint8_t serial = 0;
  bool unsafe = false;
  HeapPtr object;
  uint32_t index = 0;
};

// `unsafe`: operations are not guarded against removal (debugfs_create_file_unsafe), which their
// calls of debugfs_file_get() and debugfs_file_put() would mend.
void debugfs_create_file(uint32_t dir, HeapPtr object, uint32_t index, bool unsafe);
// The file of the directory of a node: -ENOENT without one, or what its `open` says. That is always
// guarded; release never is.
int debugfs_open(uint32_t nid, const debugfs_fops& fops, debugfs_open_file* file);
void debugfs_release(const debugfs_fops& fops, const debugfs_open_file& file);
// -ENODEV without such an operation, -EIO if the file has been removed.
int debugfs_call(const debugfs_open_file& file, debugfs_transfer operation,
                 const file_range& range);

// A file with a value, as DEFINE_SIMPLE_ATTRIBUTE makes it. set: 0 or a negative errno.
struct debugfs_file {
  int (*set)(uint64_t value) = nullptr;
  uint64_t (*get)() = nullptr;
};

// ---- printk, preemption -----------------------------------------------------------------

// The message of a trace point whose `log` is set.
void printk(sim::Tp message, uint32_t a = 0, uint32_t b = 0);
// Between two accesses of a driver to its own state: another task may run here.
void preempt_point(sim::Tp tp, uint32_t a = 0, uint32_t b = 0);

}  // namespace hotplug::mm

#endif  // MODEL_MM_SERVICES_H_
