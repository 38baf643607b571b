// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/driver/load.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "fuzz/driver/elf.h"
#include "fuzz/driver/guard.h"
#include "fuzz/driver/params.h"
#include "fuzz/report/print_trace.h"
#include "model/run/run.h"
#include "model/scenario/bytes.h"
#include "model/scenario/echo.h"

namespace hotplug::driver {

namespace {

// Bytes of an object. Most of one are its tables for debuggers.
constexpr uintmax_t kMaxObject = uintmax_t{256} << 20;

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

std::string Unusable(const shim::Module& module) {
  if (module.image().module.nr_initcalls == 0) {
    return "has no entry point: neither module_init() nor another initcall";
  }
  if (!module.init_report().empty()) return "its initcall: " + module.init_report();
  if (module.init_error() != 0) {
    return std::string("its initcall answers ") + report::ErrnoName(module.init_error());
  }
  if (module.enable().empty()) return "makes no file that user space could write to";
  return "";
}

// The contents of an object, or why there are none.
std::string Read(const std::string& path, std::string* contents) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error) return error.message();
  if (!std::filesystem::is_regular_file(status)) return "is no regular file";
  if (std::filesystem::file_size(path, error) > kMaxObject || error) {
    return "is larger than any driver's object";
  }
  std::ifstream stream(path, std::ios::binary);
  contents->assign(std::istreambuf_iterator<char>(stream), {});
  return stream.bad() || !stream.is_open() ? std::strerror(errno) : "";
}

// The loader gets what was looked at, whatever becomes of the file; it never gets two under one
// name, which it would take for one object.
void* Open(const std::string& contents) {
  const int fd = memfd_create("driver", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return nullptr;
  for (size_t done = 0; done < contents.size();) {
    const ssize_t n = write(fd, contents.data() + done, contents.size() - done);
    if (n <= 0) return nullptr;
    done += static_cast<size_t>(n);
  }
  fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  return dlopen(("/proc/self/fd/" + std::to_string(fd)).c_str(), RTLD_NOW | RTLD_LOCAL);
}

// What the object says of itself, and where it lies; or why it is no driver.
std::string Fill(void* handle, Sandbox sandbox, shim::Image* image) {
  link_map* map = nullptr;
  auto* const fill = reinterpret_cast<hotplug_module_fn>(dlsym(handle, HOTPLUG_MODULE_SYMBOL));
  if (fill == nullptr || dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0) {
    return "is not a driver that hotplug-fuzz has compiled";
  }
  Segments segments{map->l_addr, image};
  dl_iterate_phdr(&FindSegments, &segments);
  if (!Enter(sandbox, image->begin, image->end)) {
    std::fprintf(stderr, "%s: there is no seccomp here: its code can make system calls\n",
                 image->name.c_str());
  }
  fill(&image->module);
  return SetParams(image->module);
}

std::string Boot(shim::Module* module) {
  run::RunOptions options;
  options.driver = &module->driver();
  scenario::Scenario boot = scenario::Decode(nullptr, 0, 1, 1);
  while (boot.machine.blocks.size < 2) boot.machine.blocks.push(boot.machine.blocks[0]);
  run::Run(boot, options);
  return Unusable(*module);
}

}  // namespace

Loaded Load(const std::string& object, const std::string& name, const LoadOptions& options) {
  const auto failed = [&name](const std::string& why) {
    return Loaded{nullptr, (name.empty() ? "" : EchoName(name) + ": ") + why};
  };
  std::string contents;
  if (const std::string why = Read(object, &contents); !why.empty()) return failed(why);
  const Elf elf(contents);
  if (const std::string why = elf.Objection(); !why.empty()) return failed(why);
  void* handle = Open(elf.WithoutConstructors());
  if (handle == nullptr) {
    const char* why = dlerror();
    return failed(why != nullptr ? why : std::strerror(errno));
  }
  shim::Image image;
  image.name = EchoName(name);
  if (const std::string why = Fill(handle, options.sandbox, &image); !why.empty()) {
    return failed(why);
  }
  image.functions = elf.Functions(image.begin);
  image.blocks = elf.Blocks(image.begin);
  Loaded loaded{std::make_unique<shim::Module>(std::move(image), options.shim), ""};
  SetGuarded(loaded.module.get());
  if (const std::string why = Boot(loaded.module.get()); !why.empty())
    loaded.error = EchoName(name) + ": " + why;
  return loaded;
}

}  // namespace hotplug::driver
