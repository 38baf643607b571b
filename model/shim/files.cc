// SPDX-License-Identifier: GPL-2.0-or-later
//
// debugfs: a tree of names, and the files in it that user space writes to.
#include <cstdio>
#include <cstring>

#include "model/mm/services.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

// What scenarios call the file that they write to. A driver's own file of this name is it; without
// one its first file that can be written.
constexpr char kEnable[] = "memtrace/enable";
constexpr size_t kMaxLine = 32;
// Where results of ioremap() are: nowhere that C code could reach.
constexpr uintptr_t kMappings = 0xd000000000000000;
constexpr uintptr_t kMappingBytes = uintptr_t{1} << 40;

uint32_t IndexOf(const dentry* d) {
  const auto offset =
      reinterpret_cast<uintptr_t>(d) - reinterpret_cast<uintptr_t>(state().dentries.data());
  return static_cast<uint32_t>(offset / sizeof(Dentry));
}

bool IsDentry(const dentry* d) {
  const auto offset =
      reinterpret_cast<uintptr_t>(d) - reinterpret_cast<uintptr_t>(state().dentries.data());
  return offset < sizeof(state().dentries) && offset % sizeof(Dentry) == 0;
}

// Freed entries rest as long as they can, so that who holds one too long is found.
Dentry& NewDentry(const char* name, const dentry* parent) {
  State& s = state();
  uint32_t i = s.next_dentry;
  for (uint32_t tried = 0; s.dentries[i].live != 0; ++tried) {
    HOTPLUG_CHECK(tried < kMaxDentries);
    i = (i + 1) % kMaxDentries;
  }
  s.next_dentry = (i + 1) % kMaxDentries;
  Dentry& d = s.dentries[i];
  d = Dentry{};
  d.live = 1;
  d.parent = IsDentry(parent) ? IndexOf(parent) + 1 : 0;
  std::snprintf(d.name.data(), d.name.size(), "%s", name);
  return d;
}

dentry* CreateDir(const hotplug_site* at, const char* name, dentry* parent) {
  Enter(at, Context::kSleeps);
  const uint32_t handle = mm::debugfs_create_dir(0);
  if (handle == 0) return reinterpret_cast<dentry*>(static_cast<intptr_t>(-ENOMEM));
  Dentry& d = NewDentry(name, parent);
  d.is_dir = 1;
  d.handle = handle;
  return reinterpret_cast<dentry*>(&d);
}

dentry* CreateFile(const hotplug_site* at, const char* name, dentry* parent, void* data,
                   const file_operations* fops) {
  EnterStep(at, Context::kSleeps);
  Dentry& d = NewDentry(name, parent);
  d.data = data;
  d.fops = fops;
  return reinterpret_cast<dentry*>(&d);
}

// An entry and all below it. mm takes back the handle of the first itself.
void Remove(uint32_t index) {
  State& s = state();
  s.dentries[index].live = 0;
  for (uint32_t i = 0; i < kMaxDentries; ++i) {
    const Dentry& d = s.dentries[i];
    if (d.live == 0 || d.parent != index + 1) continue;
    if (d.is_dir != 0) mm::mm().dirs &= ~(1u << (d.handle - 1));
    Remove(i);
  }
}

// NULL and error pointers are passed over, as the kernel does.
void RemoveDentry(const hotplug_site* at, dentry* d) {
  Enter(at, Context::kSleeps);
  if (d == nullptr || reinterpret_cast<uintptr_t>(d) >= static_cast<uintptr_t>(-4095)) {
    return mm::debugfs_remove_recursive(0);
  }
  if (!IsDentry(d)) {
    Oops(std::string("Unable to handle kernel paging request in ") + at->function, at->function);
  }
  const Dentry& entry = state().dentries[IndexOf(d)];
  if (entry.live == 0) {
    Kasan(std::string("use-after-free of a dentry in ") + at->function, at->function);
    return mm::debugfs_remove_recursive(0);
  }
  Remove(IndexOf(d));
  mm::debugfs_remove_recursive(entry.handle);
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

std::string PathOf(uint32_t index) {
  const Dentry& d = state().dentries[index];
  const std::string name = d.name.data();
  return d.parent == 0 ? name : PathOf(d.parent - 1) + "/" + name;
}

bool CanBeWritten(const Dentry& d) {
  return d.live != 0 && d.fops != nullptr &&
         (d.fops->hotplug_set != nullptr || d.fops->write != nullptr);
}

// write(2) of a number to a file whose driver reads text.
int WriteText(const Dentry& d, uint64_t value) {
  inode i{d.data};
  file f{d.data, 0, 0};
  if (d.fops->open != nullptr) {
    if (const int rc = d.fops->open(&i, &f); rc != 0) return rc;
  }
  char line[kMaxLine];
  const int n =
      std::snprintf(line, sizeof(line), "0x%llx\n", static_cast<unsigned long long>(value));
  long long pos = 0;
  const long rc = d.fops->write(&f, line, static_cast<size_t>(n), &pos);
  if (d.fops->release != nullptr) d.fops->release(&i, &f);
  return rc < 0 ? static_cast<int>(rc) : 0;
}

// The stack of the call ends here, and with it what lies on it.
void CheckReturn() {
  const auto end = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (RegisteredWithin(end - sim::FiberPool::kStackBytes, end)) {
    Kasan("a notifier_block on the stack stays registered", Inside::module().driver().callback);
  }
}

}  // namespace

std::string FindEnable() {
  State& s = state();
  std::string found;
  for (uint32_t i = 0; i < kMaxDentries; ++i) {
    if (!CanBeWritten(s.dentries[i])) continue;
    const std::string path = PathOf(i);
    if (!found.empty() && path != kEnable) continue;
    found = path;
    s.enable = i + 1;
  }
  return found;
}

int EnableSet(uint64_t value) {
  if (state().enable == 0) return -ENOENT;
  const Dentry& d = state().dentries[state().enable - 1];
  if (d.live == 0) return -ENOENT;
  const int rc =
      d.fops->hotplug_set != nullptr ? d.fops->hotplug_set(d.data, value) : WriteText(d, value);
  CheckReturn();
  sim::current().call = 0;
  return rc;
}

uint64_t EnableGet() {
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
  k->map = &Map;
  k->unmap = &Unmap;
}

}  // namespace hotplug::shim
