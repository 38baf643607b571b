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

#include "fuzz/report/trace.h"
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

// A table of a file that is in memory, if all of it is there.
template <class T>
const T* TableAt(const std::string& file, size_t offset, size_t count) {
  const size_t bytes = count * sizeof(T);
  if (offset > file.size() || bytes > file.size() - offset) return nullptr;
  return reinterpret_cast<const T*>(file.data() + offset);
}

// The functions that the file's symbol table names, static ones too. Without a table there are
// none.
std::vector<shim::Function> FunctionsOf(const std::string& path, uintptr_t base) {
  std::vector<shim::Function> functions;
  std::ifstream stream(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  const auto* head = TableAt<ElfW(Ehdr)>(file, 0, 1);
  if (head == nullptr) return functions;
  const auto* sections = TableAt<ElfW(Shdr)>(file, head->e_shoff, head->e_shnum);
  if (sections == nullptr) return functions;
  for (const ElfW(Shdr)* s = sections; s != sections + head->e_shnum; ++s) {
    if (s->sh_type != SHT_SYMTAB || s->sh_link >= head->e_shnum) continue;
    const size_t count = s->sh_size / sizeof(ElfW(Sym));
    const auto* symbols = TableAt<ElfW(Sym)>(file, s->sh_offset, count);
    const ElfW(Shdr)& strings = sections[s->sh_link];
    if (symbols == nullptr) continue;
    for (const ElfW(Sym)* sym = symbols; sym != symbols + count; ++sym) {
      const size_t name = strings.sh_offset + sym->st_name;
      if (ELF64_ST_TYPE(sym->st_info) != STT_FUNC || sym->st_size == 0) continue;
      if (name >= file.size()) continue;
      functions.push_back({base + sym->st_value, sym->st_size, file.c_str() + name});
    }
  }
  return functions;
}

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
  if (fill == nullptr || dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) {
    loaded.error = object + ": is not a driver that hotplug-fuzz has compiled";
    return loaded;
  }
  shim::Image image;
  image.name = name;
  fill(&image.module);
  const size_t nr_initcalls = image.module.nr_initcalls;
  Segments segments{map->l_addr, &image};
  dl_iterate_phdr(&FindSegments, &segments);
  image.functions = FunctionsOf(path, map->l_addr);
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
