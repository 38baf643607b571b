// SPDX-License-Identifier: GPL-2.0-or-later
//
// debugfs: a tree of names, and the files in it that user space writes to, reads and maps.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "model/mm/services.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

// What scenarios call the file that they write to. A driver's own file of this name is it; without
// one its first file that can be written.
constexpr char kEnable[] = "memtrace/enable";
// And those with the memory of a node, which they read and map.
constexpr char kTrace[] = "memtrace/%08x/trace";
constexpr size_t kMaxLine = 32;
// Where user space has its memory: nowhere either.
constexpr uintptr_t kUser = 0xe000000000000000;
// Where results of ioremap() are: nowhere that C code could reach.
constexpr uintptr_t kMappings = 0xd000000000000000;
constexpr uintptr_t kMappingBytes = uintptr_t{1} << 40;

uint32_t IndexOf(const Dentry& d) { return static_cast<uint32_t>(&d - state().dentries.data()); }

bool IsDentry(const dentry* d) {
  const auto offset =
      reinterpret_cast<uintptr_t>(d) - reinterpret_cast<uintptr_t>(state().dentries.data());
  return offset < sizeof(state().dentries) && offset % sizeof(Dentry) == 0;
}

// Freed entries rest as long as they can, so that who holds one too long is found.
Dentry& NewDentry(const hotplug_site* at, const char* name, const dentry* parent) {
  State& s = state();
  uint32_t i = s.next_dentry;
  for (uint32_t tried = 0; s.dentries[i].live != 0; ++tried) {
    if (tried == kMaxDentries) EndNotSimulated("one more file", at->function);
    i = (i + 1) % kMaxDentries;
  }
  s.next_dentry = (i + 1) % kMaxDentries;
  Dentry& d = s.dentries[i];
  d = Dentry{};
  d.live = 1;
  d.parent = IsDentry(parent) ? IndexOf(*reinterpret_cast<const Dentry*>(parent)) + 1 : 0;
  std::snprintf(d.name.data(), d.name.size(), "%s", name);
  return d;
}

std::string PathOf(const Dentry& d) {
  const std::string name = d.name.data();
  return d.parent == 0 ? name : PathOf(state().dentries[d.parent - 1]) + "/" + name;
}

// What the directory of a node is called says which one.
uint32_t NodeOf(const char* name) {
  return static_cast<uint32_t>(std::strtoul(name, nullptr, 16)) % kMaxNodes;
}

// Of a file of the memory of a node: the handle of its directory. Else 0.
uint32_t TraceDir(const Dentry& d) {
  if (d.parent == 0 || d.fops == nullptr) return 0;
  const Dentry& dir = state().dentries[d.parent - 1];
  char path[kMaxLine];
  std::snprintf(path, sizeof(path), kTrace, NodeOf(dir.name.data()));
  return PathOf(d) == path ? dir.handle : 0;
}

// Below what could not be created nothing is.
dentry* CreateDir(const hotplug_site* at, const char* name, dentry* parent) {
  Enter(at, Context::kSleeps);
  if (IsError(parent)) return parent;
  CheckObject(name, at->function);
  const uint32_t handle = mm::debugfs_create_dir(NodeOf(name));
  if (handle == 0) return reinterpret_cast<dentry*>(static_cast<intptr_t>(-ENOMEM));
  Dentry& d = NewDentry(at, name, parent);
  d.is_dir = 1;
  d.handle = handle;
  return reinterpret_cast<dentry*>(&d);
}

dentry* CreateFile(const hotplug_site* at, const char* name, dentry* parent, void* data,
                   const file_operations* fops, int unsafe) {
  EnterStep(at, Context::kSleeps);
  if (IsError(parent)) return parent;
  CheckObject(name, at->function);
  if (fops != nullptr) CheckObject(fops, at->function);
  Dentry& d = NewDentry(at, name, parent);
  d.data = data;
  d.fops = fops;
  d.handle = TraceDir(d);
  if (d.handle != 0) {
    mm::debugfs_create_file(d.handle, mm::HeapPtr{}, IndexOf(d), unsafe != 0);
  }
  return reinterpret_cast<dentry*>(&d);
}

// An entry and all below it are found no more. Returns the handles of the directories, a bit each.
uint32_t Unlink(uint32_t index) {
  State& s = state();
  s.dentries[index].live = 0;
  uint32_t dirs = s.dentries[index].is_dir != 0 ? 1u << (s.dentries[index].handle - 1) : 0;
  for (uint32_t i = 0; i < kMaxDentries; ++i) {
    if (s.dentries[i].live != 0 && s.dentries[i].parent == index + 1) dirs |= Unlink(i);
  }
  return dirs;
}

// NULL and error pointers are passed over, as the kernel does.
void RemoveDentry(const hotplug_site* at, dentry* d) {
  Enter(at, Context::kSleeps);
  if (d == nullptr || IsError(d)) return mm::debugfs_remove_recursive(0);
  if (!IsDentry(d)) {
    Oops("Unable to handle kernel paging request", at->function);
  }
  const Dentry& entry = *reinterpret_cast<const Dentry*>(d);
  if (entry.live == 0) {
    Kasan(std::string("use-after-free of a dentry in ") + at->function, at->function);
    return mm::debugfs_remove_recursive(0);
  }
  const uint32_t dirs = Unlink(IndexOf(entry));
  if (dirs == 0) mm::debugfs_remove(entry.handle);
  for (uint32_t i = 0; i < kMaxDirs; ++i) {
    if ((dirs >> i & 1) != 0) mm::debugfs_remove_recursive(i + 1);
  }
}

void* Map(const hotplug_site* at, uint64_t start, size_t) {
  Enter(at, Context::kSleeps);
  const uint32_t handle = mm::ioremap(mm::Pfn{static_cast<uint32_t>(start >> mm::PageShift())});
  return reinterpret_cast<void*>(handle == 0 ? 0 : kMappings + handle * kMappingBytes);
}

void Unmap(const hotplug_site* at, void* mapping) {
  Enter(at, Context::kSleeps);
  const uintptr_t offset = reinterpret_cast<uintptr_t>(mapping) - kMappings;
  mm::iounmap(mapping == nullptr ? 0 : static_cast<uint32_t>(offset / kMappingBytes));
}

// Where nothing is mapped the loads fault, and are survived.
size_t CopyOut(const hotplug_site* at, const void* from, size_t n) {
  Enter(at, Context::kSleeps);
  if (n == 0) return 0;
  const auto address = reinterpret_cast<uintptr_t>(from);
  const auto pc = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  const uintptr_t offset = address < kNullPage ? 0 : address - kMappings;
  if (offset >= (kMaxMappings + 1) * kMappingBytes) {
    Access(address, n, 0, pc);
    return 0;
  }
  const auto first = static_cast<uint32_t>(offset % kMappingBytes >> mm::PageShift());
  const uintptr_t end = offset % kMappingBytes + n;
  const auto nr_pages = static_cast<uint32_t>(((end - 1) >> mm::PageShift()) + 1) - first;
  const auto mapping = static_cast<uint32_t>(offset / kMappingBytes);
  return mm::simple_read_from_buffer(mapping, first, nr_pages) == 0 ? 0 : n;
}

int Remap(const hotplug_site* at, unsigned long pfn, unsigned long size) {
  Enter(at, Context::kSleeps);
  const mm::Pfn start{static_cast<uint32_t>(std::min<unsigned long>(pfn, mm::kNoPfn))};
  return mm::remap_pfn_range(start, static_cast<uint32_t>(size >> mm::PageShift()));
}

bool CanBeWritten(const Dentry& d) {
  return d.live != 0 && d.fops != nullptr &&
         (d.fops->hotplug_set != nullptr || d.fops->write != nullptr);
}

int Open(OpenFile& f) { return f.fops->open == nullptr ? 0 : f.fops->open(&f.inode, &f.file); }

void Release(OpenFile& f) {
  if (f.fops->release != nullptr) f.fops->release(&f.inode, &f.file);
}

// write(2) of a number to a file whose driver reads text.
int WriteText(const Dentry& d, uint64_t value) {
  OpenFile f{d.fops, {d.data}, {}, 0, 0};
  if (const int rc = Open(f); rc != 0) return rc;
  char line[kMaxLine];
  const int n =
      std::snprintf(line, sizeof(line), "0x%llx\n", static_cast<unsigned long long>(value));
  long long pos = 0;
  const long rc = f.fops->write(&f.file, line, static_cast<size_t>(n), &pos);
  Release(f);
  return rc < 0 ? static_cast<int>(rc) : 0;
}

// The call of the driver is over. Its stack ends here, and with it what lies on it.
int Returned(int rc) {
  const auto end = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (RegisteredWithin(end - sim::FiberPool::kStackBytes, end)) {
    Kasan("a notifier_block on the stack stays registered", Inside::module().driver().callback);
  }
  sim::current().call = 0;
  return rc;
}

// ---- memtrace/N/trace: what is open keeps what it was created with, removed or not ----

OpenFile& TheFile() { return state().files[sim::current_task().v]; }

int TraceOpen(mm::HeapPtr, uint32_t index) {
  const Dentry& d = state().dentries[index];
  OpenFile& f = TheFile();
  f = OpenFile{d.fops, {d.data}, {}, mm::mm().debugfs_dirs[d.handle - 1].unsafe, 0};
  return Returned(Open(f));
}

int TraceRead(mm::HeapPtr, uint32_t, const mm::file_range& range) {
  OpenFile& f = TheFile();
  if (f.fops->read == nullptr) return -EINVAL;
  f.file.f_pos = static_cast<loff_t>(range.offset);
  const long rc = f.fops->read(&f.file, reinterpret_cast<char*>(kUser),
                               std::min(range.length, mm::kMaxRead), &f.file.f_pos);
  return Returned(rc < 0 ? static_cast<int>(rc) : 0);
}

// Who maps all of a file maps a memory block: no driver has less. What stands between the file and
// its driver passes everything on but mmap.
int TraceMmap(mm::HeapPtr, uint32_t, const mm::file_range& range) {
  OpenFile& f = TheFile();
  if (f.fops->mmap == nullptr || f.unsafe == 0) return -ENODEV;
  const uint64_t length = range.length == mm::kWholeFile ? kBlockBytes : range.length;
  vm_area_struct vma{kUser, kUser + length, range.offset >> mm::PageShift(), 0, {}};
  const int rc = f.fops->mmap(&f.file, &vma);
  f.mapped = rc == 0 ? 1 : 0;
  return Returned(rc);
}

int TraceRelease(mm::HeapPtr, uint32_t) {
  OpenFile& f = TheFile();
  if (f.mapped == 0) Release(f);
  return Returned(0);
}

}  // namespace

const mm::debugfs_fops kTraceFops = {
    .read = &TraceRead, .mmap = &TraceMmap, .open = &TraceOpen, .release = &TraceRelease};

std::string FindEnable() {
  if (HasDevice()) return "virtio0/requested_size";
  State& s = state();
  std::string found;
  for (uint32_t i = 0; i < kMaxDentries; ++i) {
    if (!CanBeWritten(s.dentries[i])) continue;
    const std::string path = PathOf(s.dentries[i]);
    if (!found.empty() && path != kEnable) continue;
    found = path;
    s.enable = i + 1;
  }
  return found;
}

int EnableSet(uint64_t value) {
  if (HasDevice()) {
    const int rc = SetRequestedSize(value);
    sim::current().call = 0;
    return rc;
  }
  if (state().enable == 0) return -ENOENT;
  const Dentry& d = state().dentries[state().enable - 1];
  if (d.live == 0) return -ENOENT;
  return Returned(d.fops->hotplug_set != nullptr ? d.fops->hotplug_set(d.data, value)
                                                 : WriteText(d, value));
}

uint64_t EnableGet() {
  if (HasDevice()) return RequestedSize();
  if (state().enable == 0) return 0;
  const Dentry& d = state().dentries[state().enable - 1];
  uint64_t value = 0;
  if (d.live != 0 && d.fops->hotplug_get != nullptr) d.fops->hotplug_get(d.data, &value);
  sim::current().call = 0;
  return value;
}

void FillFiles(hotplug_kernel* k) {
  k->create_dir = &CreateDir;
  k->create_file = &CreateFile;
  k->remove_dentry = &RemoveDentry;
  k->copy_out = &CopyOut;
  k->remap = &Remap;
  k->map = &Map;
  k->unmap = &Unmap;
}

}  // namespace hotplug::shim
