// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/services.h"

#include <cstring>

#include "model/mm/fault.h"
#include "model/mm/ledger.h"
#include "model/mm/page.h"
#include "model/mm/tracepoints.h"

namespace hotplug::mm {

int InjectedFault(FaultSite site) {
  const FaultPlan& plan = *sim::machine->bound.faults;
  const uint8_t call = ++mm().fault_calls[static_cast<uint32_t>(site)];
  for (uint32_t i = 0; i < plan.size; ++i) {
    const FaultPlan::Entry& e = plan.entries[i];
    if (e.site == site && e.nth == call) return -int{e.error};
  }
  return 0;
}

namespace {

heap_object* ObjectAt(HeapPtr p) {
  for (uint32_t i = 0; i < mm().nr_heap_objects; ++i) {
    if (mm().heap_objects[i].start == p.v) return &mm().heap_objects[i];
  }
  return nullptr;
}

// Reports what KASAN would, and says whether the bytes exist at all.
bool HeapAccess(HeapPtr p, uint32_t offset, uint32_t size) {
  const heap_object* o = ObjectAt(p);
  if (o == nullptr) {
    Report(KernelReport::kOops, Pfn{kNoPfn}, false);
    sim::dead(kTpOopsNull, p.v, offset);
  }
  if (o->live == 0 || offset + size > o->size) {
    Report(KernelReport::kOops, Pfn{kNoPfn}, true);
    sim::record(o->live == 0 ? kTpUseAfterFree : kTpOutOfBounds, p.v, offset, o->size);
  }
  return p.v + offset + size <= kHeapBytes;
}

// The lowest free bit of a set of at most `n` handles, as a handle from 1; 0 if none.
uint32_t TakeHandle(uint32_t& set, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) {
    if ((set >> i & 1) != 0) continue;
    set |= 1u << i;
    return i + 1;
  }
  return 0;
}

bool IsHandle(uint32_t set, uint32_t handle) {
  return handle - 1 < 32 && (set >> (handle - 1) & 1) != 0;
}

// Gives a handle back; what is not one (a driver may read it from where it has no business)
// is reported and left alone.
void DropHandle(uint32_t& set, uint32_t handle) {
  if (IsHandle(set, handle)) {
    set &= ~(1u << (handle - 1));
  } else {
    Report(KernelReport::kOops, Pfn{kNoPfn}, true);
    sim::record(kTpBadHandle, handle);
  }
}

}  // namespace

HeapPtr kcalloc(uint32_t n, uint32_t size) {
  MmState& m = mm();
  const uint32_t bytes = n * size;
  const uint32_t start = (m.heap_used + kRedzoneBytes + kHeapAlign - 1) & ~(kHeapAlign - 1);
  HeapPtr p{};
  const bool room =
      start + bytes + kRedzoneBytes <= kHeapBytes && m.nr_heap_objects < kMaxHeapObjects;
  if (InjectedFault(FaultSite::kKmalloc) == 0 && room) {
    p.v = static_cast<uint16_t>(start);
    m.heap_objects[m.nr_heap_objects++] = {p.v, static_cast<uint16_t>(bytes), 1, {}};
    m.heap_used = start + bytes;
  }
  sim::sched_point(kTpKmalloc, bytes, p.v);
  return p;
}

void kfree(HeapPtr p) {
  if (p.v != 0) {
    heap_object* o = ObjectAt(p);
    HOTPLUG_CHECK(o != nullptr);
    if (o->live == 0) {
      Report(KernelReport::kOops, Pfn{kNoPfn}, true);
      sim::record(kTpDoubleFree, p.v);
    }
    o->live = 0;
  }
  sim::sched_point(kTpKfree, p.v);
}

void HeapRead(HeapPtr p, uint32_t offset, void* to, uint32_t size) {
  if (HeapAccess(p, offset, size)) std::memcpy(to, &mm().heap[p.v + offset], size);
}

void HeapWrite(HeapPtr p, uint32_t offset, const void* from, uint32_t size) {
  if (HeapAccess(p, offset, size)) std::memcpy(&mm().heap[p.v + offset], from, size);
}

bool HeapPeek(HeapPtr p, uint32_t offset, void* to, uint32_t size) {
  if (p.v == 0 || p.v + offset + size > kHeapBytes) return false;
  std::memcpy(to, &mm().heap[p.v + offset], size);
  return true;
}

int arch_create_linear_mapping(Pfn start, uint32_t nr_pages) {
  const int rc = InjectedFault(FaultSite::kAddMemory);
  sim::sched_point(kTpCreateMapping, start.v, nr_pages, static_cast<uint32_t>(rc));
  return rc;
}

void arch_remove_linear_mapping(Pfn start, uint32_t nr_pages) {
  sim::sched_point(kTpRemoveMapping, start.v, nr_pages);
}

uint32_t ioremap(Pfn start) {
  uint32_t handle = 0;
  if (InjectedFault(FaultSite::kIoremap) == 0) handle = TakeHandle(mm().mappings, kMaxMappings);
  if (handle != 0) mm().mapping_pfn[handle - 1] = start.v;
  sim::sched_point(kTpIoremap, start.v, handle);
  return handle;
}

void iounmap(uint32_t mapping) {
  DropHandle(mm().mappings, mapping);
  sim::sched_point(kTpIounmap, mapping);
}

uint32_t debugfs_create_dir(uint32_t nid) {
  uint32_t handle = 0;
  if (InjectedFault(FaultSite::kDebugfsCreateDir) == 0) handle = TakeHandle(mm().dirs, kMaxDirs);
  if (handle != 0) {
    debugfs_dir& d = mm().debugfs_dirs[handle - 1];
    d.nid = static_cast<uint8_t>(nid);
    ++d.serial;
  }
  sim::sched_point(kTpDebugfsCreateDir, nid, handle);
  return handle;
}

namespace {

void RemoveFile(uint32_t dir) {
  if (!IsHandle(mm().dirs, dir)) return;
  debugfs_dir& d = mm().debugfs_dirs[dir - 1];
  d.has_file = 0;
  if (!d.active_users.lock.held()) return;
  sim::down_write(d.active_users);
  sim::up_write(d.active_users);
}

template <class Operation, class... Range>
int Guarded(const debugfs_open_file& file, Operation operation, const Range&... range) {
  debugfs_dir& d = mm().debugfs_dirs[file.dir];
  sim::down_read(d.active_users);
  const int rc = operation(file.object, file.index, range...);
  sim::up_read(d.active_users);
  return rc;
}

}  // namespace

void debugfs_remove_recursive(uint32_t dir) {
  RemoveFile(dir);
  if (dir != 0) DropHandle(mm().dirs, dir);
  sim::sched_point(kTpDebugfsRemove, dir);
}

void debugfs_remove(uint32_t dir) {
  RemoveFile(dir);
  sim::sched_point(kTpDebugfsRemove, dir);
}

void debugfs_create_file(uint32_t dir, HeapPtr object, uint32_t index, bool unsafe) {
  debugfs_dir& d = mm().debugfs_dirs[dir - 1];
  d.object = object.v;
  d.index = static_cast<uint16_t>(index);
  d.has_file = 1;
  d.unsafe = unsafe ? 1 : 0;
}

int debugfs_open(uint32_t nid, const debugfs_fops& fops, debugfs_open_file* file) {
  for (uint32_t i = 0; i < kMaxDirs; ++i) {
    const debugfs_dir& d = mm().debugfs_dirs[i];
    if (d.has_file == 0 || d.nid != nid) continue;
    *file = {i, d.serial, d.unsafe != 0, HeapPtr{d.object}, d.index};
    return fops.open == nullptr ? 0 : Guarded(*file, fops.open);
  }
  return -ENOENT;
}

void debugfs_release(const debugfs_fops& fops, const debugfs_open_file& file) {
  if (fops.release != nullptr) fops.release(file.object, file.index);
}

int debugfs_call(const debugfs_open_file& file, debugfs_transfer operation,
                 const file_range& range) {
  if (operation == nullptr) return -ENODEV;
  if (file.unsafe) return operation(file.object, file.index, range);
  const debugfs_dir& d = mm().debugfs_dirs[file.dir];
  if (d.has_file == 0 || d.serial != file.serial) return -EIO;
  return Guarded(file, operation, range);
}

void clear_page(Pfn pfn) { NoteCleared(pfn); }

int simple_read_from_buffer(uint32_t mapping, uint32_t first, uint32_t nr_pages) {
  for (uint32_t i = first; i < first + nr_pages; ++i) {
    const bool mapped = IsHandle(mm().mappings, mapping);
    const Pfn pfn = Pfn{mapped ? mm().mapping_pfn[mapping - 1] : kNoPfn} + i;
    if (!mapped || !PfnExists(pfn)) {
      Report(KernelReport::kOops, Pfn{kNoPfn}, true);
      sim::sched_point(kTpReadFault, mapping, i);
      return -EFAULT;
    }
    NoteSeen(pfn, kTpReadBuffer);
    if (AtPagePoint(pfn)) sim::sched_point(kTpReadBuffer, pfn.v);
  }
  return 0;
}

int remap_pfn_range(Pfn start, uint32_t nr_pages) {
  uint64_t& mapped = mm().user_mapped[sim::current_task().v];
  for (Pfn pfn = start; pfn < start + nr_pages && PfnExists(pfn); ++pfn) {
    mapped |= uint64_t{1} << BlockIndex(BlockOf(pfn));
    NoteSeen(pfn, kTpRemap);
  }
  sim::sched_point(kTpRemap, start.v, nr_pages);
  return 0;
}

void unmap_mapping_range(Pfn start, uint32_t nr_pages) {
  for (Pfn pfn = start; pfn < start + nr_pages; pfn = pfn + PagesPerBlock()) {
    for (uint64_t& mapped : mm().user_mapped) {
      mapped &= ~(uint64_t{1} << BlockIndex(BlockOf(pfn)));
    }
  }
  sim::sched_point(kTpUnmap, start.v, nr_pages);
}

void exit_mmap() { mm().user_mapped[sim::current_task().v] = 0; }

void printk(sim::Tp message, uint32_t a, uint32_t b) { sim::sched_point(message, a, b); }

void preempt_point(sim::Tp tp, uint32_t a, uint32_t b) { sim::sched_point(tp, a, b); }

}  // namespace hotplug::mm
