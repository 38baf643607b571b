// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/driver/load.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "fuzz/driver/params.h"
#include "fuzz/report/print_trace.h"
#include "model/run/run.h"
#include "model/scenario/bytes.h"

namespace hotplug::driver {

namespace {

struct Segments {
  uintptr_t base;
  shim::Image* image;
};

// What the loader has mapped, and what of it stays writable when relocation is over.
int FindSegments(dl_phdr_info* info, size_t, void* argument) {
  const Segments& s = *static_cast<const Segments*>(argument);
  if (info->dlpi_addr != s.base) return 0;
  shim::Image& image = *s.image;
  uintptr_t data = 0;
  uintptr_t data_end = 0;
  image.begin = UINTPTR_MAX;
  for (const ElfW(Phdr)* p = info->dlpi_phdr; p != info->dlpi_phdr + info->dlpi_phnum; ++p) {
    const uintptr_t begin = s.base + p->p_vaddr;
    const uintptr_t end = begin + p->p_memsz;
    if (p->p_type == PT_GNU_RELRO) data = std::max(data, end);
    if (p->p_type != PT_LOAD) continue;
    image.begin = std::min(image.begin, begin);
    image.end = std::max(image.end, end);
    if ((p->p_flags & PF_W) == 0) continue;
    data = std::max(data, begin);
    data_end = end;
  }
  image.data = reinterpret_cast<std::byte*>(data);
  image.data_bytes = data_end > data ? data_end - data : 0;
  return 1;
}

// What the object's own tables say, as the linker has left them: `base` is where it is loaded. What
// is not there, or not all of it, is empty.
class Elf {
 public:
  Elf(const std::string& file, uintptr_t base) : file_(file), base_(base) {
    const auto* head = Table<ElfW(Ehdr)>(0, 1);
    if (head == nullptr) return;
    sections_ = Table<ElfW(Shdr)>(head->e_shoff, head->e_shnum);
    nr_sections_ = sections_ == nullptr ? 0 : head->e_shnum;
  }

  // The functions that the symbol table names, static ones too.
  std::vector<shim::Function> Functions() const {
    std::vector<shim::Function> functions;
    ForEach<ElfW(Sym)>(SHT_SYMTAB, [&](const ElfW(Shdr) & table, const ElfW(Sym) & sym) {
      if (ELF64_ST_TYPE(sym.st_info) != STT_FUNC || sym.st_size == 0) return;
      functions.push_back({base_ + sym.st_value, sym.st_size, NameOf(table, sym)});
    });
    return functions;
  }

  // The linker keeps its relocations (--emit-relocs): one of them is the target of each call of
  // ours, which is what the call ends with.
  std::vector<uintptr_t> Blocks() const {
    constexpr size_t kTarget = 4;
    std::vector<uintptr_t> blocks;
    ForEach<ElfW(Rela)>(SHT_RELA, [&](const ElfW(Shdr) & relocations, const ElfW(Rela) & r) {
      const ElfW(Shdr)* table = Section(relocations.sh_link, SHT_SYMTAB);
      if (table == nullptr) return;
      const auto* sym =
          Table<ElfW(Sym)>(table->sh_offset + ELF64_R_SYM(r.r_info) * sizeof(ElfW(Sym)), 1);
      if (sym == nullptr || NameOf(*table, *sym) != "__sanitizer_cov_trace_pc") return;
      blocks.push_back(base_ + r.r_offset + kTarget);
    });
    std::sort(blocks.begin(), blocks.end());
    return blocks;
  }

 private:
  template <class T>
  const T* Table(size_t offset, size_t count) const {
    const size_t bytes = count * sizeof(T);
    if (offset > file_.size() || bytes > file_.size() - offset) return nullptr;
    return reinterpret_cast<const T*>(file_.data() + offset);
  }

  const ElfW(Shdr) * Section(uint32_t i, uint32_t type) const {
    return i < nr_sections_ && sections_[i].sh_type == type ? &sections_[i] : nullptr;
  }

  std::string NameOf(const ElfW(Shdr) & symbols, const ElfW(Sym) & sym) const {
    if (symbols.sh_link >= nr_sections_) return "";
    const size_t name = sections_[symbols.sh_link].sh_offset + sym.st_name;
    return name < file_.size() ? file_.c_str() + name : "";
  }

  // The entries of all sections of a type.
  template <class T, class F>
  void ForEach(uint32_t type, F f) const {
    for (uint32_t i = 0; i < nr_sections_; ++i) {
      const ElfW(Shdr)* section = Section(i, type);
      if (section == nullptr) continue;
      const size_t count = section->sh_size / sizeof(T);
      const T* entries = Table<T>(section->sh_offset, count);
      for (size_t k = 0; entries != nullptr && k < count; ++k) f(*section, entries[k]);
    }
  }

  const std::string& file_;
  uintptr_t base_;
  const ElfW(Shdr) * sections_ = nullptr;
  uint32_t nr_sections_ = 0;
};

std::string Unusable(const shim::Module& module, size_t nr_initcalls, const std::string& name) {
  if (nr_initcalls == 0) {
    return name + ": has no entry point: neither module_init() nor another initcall";
  }
  if (!module.init_report().empty()) return name + ": its initcall: " + module.init_report();
  if (module.init_error() != 0) {
    return name + ": its initcall answers " + report::ErrnoName(module.init_error());
  }
  if (module.enable().empty()) return name + ": makes no file that user space could write to";
  return "";
}

}  // namespace

Loaded Load(const std::string& object, const std::string& name, shim::Options options) {
  Loaded loaded;
  // dlopen() searches its own folders for what has no slash.
  const std::string path = object.find('/') == object.npos ? "./" + object : object;
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    loaded.error = dlerror();
    return loaded;
  }
  const auto fill = reinterpret_cast<hotplug_module_fn>(dlsym(handle, HOTPLUG_MODULE_SYMBOL));
  link_map* map = nullptr;
  if (fill == nullptr || dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0) {
    loaded.error = object + ": is not a driver that hotplug-fuzz has compiled";
    return loaded;
  }
  shim::Image image;
  image.name = name;
  fill(&image.module);
  if (const std::string error = SetParams(image.module); !error.empty()) {
    loaded.error = name + ": " + error;
    return loaded;
  }
  const size_t nr_initcalls = image.module.nr_initcalls;
  Segments segments{map->l_addr, &image};
  dl_iterate_phdr(&FindSegments, &segments);
  std::ifstream stream(path, std::ios::binary);
  loaded.contents.assign(std::istreambuf_iterator<char>(stream), {});
  const Elf elf(loaded.contents, map->l_addr);
  image.functions = elf.Functions();
  image.blocks = elf.Blocks();
  loaded.module = std::make_unique<shim::Module>(std::move(image), options);

  run::RunOptions run_options;
  run_options.driver = &loaded.module->driver();
  scenario::Scenario boot = scenario::Decode(nullptr, 0, 1, 1);
  while (boot.machine.blocks.size < 2) boot.machine.blocks.push(boot.machine.blocks[0]);
  run::Run(boot, run_options);
  loaded.error = Unusable(*loaded.module, nr_initcalls, name);
  return loaded;
}

}  // namespace hotplug::driver
