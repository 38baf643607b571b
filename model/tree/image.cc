// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/tree/image.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

namespace hotplug::tree {

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kStacks = size_t{WORLD_STACK_BYTES} * (WORLD_TASKS + 1);

uintptr_t PageDown(uintptr_t at) { return at & ~(kPage - 1); }
uintptr_t PageUp(uintptr_t at) { return PageDown(at + kPage - 1); }

}  // namespace

// Each step says what is wrong with a sentence, and false.
class Image::Loader {
 public:
  Loader(const std::string& path, Image* image, std::string* error)
      : path_(path), image_(image), error_(error) {}
  ~Loader() {
    if (file_ != nullptr) munmap(const_cast<std::byte*>(file_), size_);
    if (fd_ >= 0) close(fd_);
  }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  bool Load() {
    return Open() && CheckHeader() && MapSegments() && MapRest() && CheckExports() &&
           ReadSymbols() && CheckLayout();
  }

 private:
  bool Fail(const std::string& what) {
    *error_ = path_ + ": " + what;
    return false;
  }
  bool NoWorld(const std::string& why) { return Fail("not a world: " + why); }

  bool Open() {
    struct stat info{};
    fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0 || fstat(fd_, &info) != 0) return Fail(std::strerror(errno));
    size_ = static_cast<size_t>(info.st_size);
    if (size_ < sizeof(Elf64_Ehdr)) return NoWorld("it has no ELF header");
    void* map = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_, 0);
    if (map == MAP_FAILED) return Fail(std::strerror(errno));
    file_ = static_cast<const std::byte*>(map);
    return true;
  }

  // Entries of a table of the file, if all of them lie in it.
  template <class T>
  const T* Table(uint64_t offset, uint64_t count) const {
    if (offset % alignof(T) != 0 || offset > size_ || count > (size_ - offset) / sizeof(T)) {
      return nullptr;
    }
    return reinterpret_cast<const T*>(file_ + offset);
  }

  bool CheckHeader() {
    header_ = Table<Elf64_Ehdr>(0, 1);
    if (std::memcmp(header_->e_ident, ELFMAG, SELFMAG) != 0) return NoWorld("it has no ELF header");
    if (header_->e_machine != EM_X86_64 || header_->e_type != ET_EXEC) {
      return NoWorld("it is no executable of x86-64 with fixed addresses");
    }
    segments_ = Table<Elf64_Phdr>(header_->e_phoff, header_->e_phnum);
    return segments_ != nullptr || NoWorld("its program headers are cut off");
  }

  // Where others have mapped something the world cannot be.
  void* MapAt(uintptr_t start, size_t size, int protection, int flags, int fd, off_t offset) {
    void* at = mmap(reinterpret_cast<void*>(start), size, protection,
                    MAP_PRIVATE | MAP_FIXED_NOREPLACE | flags, fd, offset);
    if (at == MAP_FAILED || reinterpret_cast<uintptr_t>(at) != start) {
      if (at != MAP_FAILED) munmap(at, size);
      Fail("its addresses are not free in this process");
      return nullptr;
    }
    image_->mappings_.push_back({at, size});
    return at;
  }

  // What of a segment is in the file, and zeroes behind it.
  bool MapSegment(const Elf64_Phdr& p) {
    const int protection = ((p.p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
                           ((p.p_flags & PF_X) != 0 ? PROT_EXEC : 0) | PROT_READ;
    const uintptr_t start = PageDown(p.p_vaddr);
    const uintptr_t in_file = PageUp(p.p_vaddr + p.p_filesz);
    const uintptr_t end = PageUp(p.p_vaddr + p.p_memsz);
    if (p.p_vaddr < WORLD_TEXT || end > WORLD_ARENA || p.p_filesz > p.p_memsz ||
        p.p_offset % kPage != p.p_vaddr % kPage || Table<char>(p.p_offset, p.p_filesz) == nullptr) {
      return NoWorld("a segment lies where none may be");
    }
    if (p.p_filesz != 0) {
      void* at = MapAt(start, in_file - start, protection, 0, fd_,
                       static_cast<off_t>(PageDown(p.p_offset)));
      if (at == nullptr) return false;
      if ((p.p_flags & PF_W) != 0) {
        const uintptr_t zeroes = p.p_vaddr + p.p_filesz;
        std::memset(reinterpret_cast<void*>(zeroes), 0, in_file - zeroes);
      }
    }
    const uintptr_t rest = p.p_filesz != 0 ? in_file : start;
    return rest == end || MapAt(rest, end - rest, protection, MAP_ANONYMOUS, -1, 0) != nullptr;
  }

  // What nobody defines cannot be touched.
  bool MapSegments() {
    for (uint32_t i = 0; i < header_->e_phnum; ++i) {
      const Elf64_Phdr& p = segments_[i];
      if (p.p_type != PT_LOAD || p.p_memsz == 0) continue;
      if (p.p_vaddr == WORLD_ABSENT) {
        if (MapAt(p.p_vaddr, PageUp(p.p_memsz), PROT_NONE, MAP_ANONYMOUS, -1, 0) == nullptr)
          return false;
      } else if (!MapSegment(p)) {
        return false;
      }
    }
    return true;
  }

  // The arena, and the stacks, the lowest page of each of which is a guard.
  bool MapRest() {
    const int flags = MAP_ANONYMOUS | MAP_NORESERVE;
    if (MapAt(WORLD_ARENA, WORLD_STACKS - WORLD_ARENA, PROT_READ | PROT_WRITE, flags, -1, 0) ==
            nullptr ||
        MapAt(WORLD_STACKS, kStacks, PROT_READ | PROT_WRITE, flags, -1, 0) == nullptr) {
      return false;
    }
    for (size_t i = 0; i < kStacks; i += WORLD_STACK_BYTES) {
      mprotect(reinterpret_cast<void*>(WORLD_STACKS + i), kPage, PROT_NONE);
    }
    return true;
  }

  bool Mapped(uintptr_t start, size_t size) const {
    return std::any_of(image_->mappings_.begin(), image_->mappings_.end(), [&](const Mapping& m) {
      const auto at = reinterpret_cast<uintptr_t>(m.start);
      return at <= start && start + size <= at + m.size;
    });
  }

  bool CheckExports() {
    if (header_->e_entry % alignof(world_exports) != 0 ||
        !Mapped(header_->e_entry, sizeof(world_exports))) {
      return NoWorld("its entry lies outside of it");
    }
    const auto* exports = reinterpret_cast<const world_exports*>(header_->e_entry);
    if (exports->magic != WORLD_MAGIC) return NoWorld("it does not begin as one");
    if (exports->abi != WORLD_ABI || exports->size != sizeof(world_exports)) {
      return Fail("a world of another version of hotplug-fuzz: compile the tree again");
    }
    image_->exports_ = exports;
    return true;
  }

  bool CheckLayout() {
    const world_exports& e = *image_->exports_;
    const auto bytes = static_cast<size_t>(e.state_end - e.state);
    if (reinterpret_cast<uintptr_t>(e.state) != WORLD_STATE || !Mapped(WORLD_STATE, bytes) ||
        reinterpret_cast<uintptr_t>(e.host) != WORLD_HOST || !Mapped(WORLD_HOST, sizeof(*e.host))) {
      return NoWorld("its state lies where none may be");
    }
    if (reinterpret_cast<uintptr_t>(e.coverage) != WORLD_COVERAGE ||
        !Mapped(WORLD_COVERAGE, static_cast<size_t>(e.text_end - e.text)) ||
        !Mapped(reinterpret_cast<uintptr_t>(e.reached),
                sizeof(*e.reached) + static_cast<size_t>(e.text_end - e.text))) {
      return NoWorld("what it has run is not told where it must be");
    }
    const auto* state = reinterpret_cast<const std::byte*>(e.state);
    image_->pristine_.assign(state, state + bytes);
    return true;
  }

  void AddSymbols(const Elf64_Sym* symbols, uint64_t count, const char* names, uint64_t length) {
    for (const Elf64_Sym* s = symbols; s != symbols + count; ++s) {
      const int type = ELF64_ST_TYPE(s->st_info);
      if ((type != STT_FUNC && type != STT_OBJECT) || s->st_size == 0 || s->st_name >= length) {
        continue;
      }
      const auto address = static_cast<uint32_t>(s->st_value);
      image_->symbols_.emplace(
          address, Symbol{address, static_cast<uint32_t>(s->st_size), names + s->st_name});
    }
  }

  bool ReadSymbols() {
    const auto* sections = Table<Elf64_Shdr>(header_->e_shoff, header_->e_shnum);
    for (uint32_t i = 0; sections != nullptr && i < header_->e_shnum; ++i) {
      const Elf64_Shdr& s = sections[i];
      if (s.sh_type != SHT_SYMTAB || s.sh_link >= header_->e_shnum) continue;
      const uint64_t count = s.sh_size / sizeof(Elf64_Sym);
      const auto* symbols = Table<Elf64_Sym>(s.sh_offset, count);
      const uint64_t length = sections[s.sh_link].sh_size;
      const auto* names = Table<char>(sections[s.sh_link].sh_offset, length);
      if (symbols == nullptr || names == nullptr || length == 0 || names[length - 1] != '\0') break;
      AddSymbols(symbols, count, names, length);
    }
    if (image_->symbols_.empty()) return NoWorld("it has no symbols");
    return true;
  }

  const std::string& path_;
  Image* image_;
  std::string* error_;
  int fd_ = -1;
  size_t size_ = 0;
  const std::byte* file_ = nullptr;
  const Elf64_Ehdr* header_ = nullptr;
  const Elf64_Phdr* segments_ = nullptr;
};

std::unique_ptr<Image> Image::Map(const std::string& path, std::string* error) {
  std::unique_ptr<Image> image(new Image);
  if (!Loader(path, image.get(), error).Load()) return nullptr;
  return image;
}

Image::~Image() {
  for (const Mapping& m : mappings_) munmap(m.start, m.size);
}

const Symbol* Image::SymbolAt(uintptr_t address) const {
  auto next = symbols_.upper_bound(address);
  if (next == symbols_.begin()) return nullptr;
  const Symbol& symbol = (--next)->second;
  return address - symbol.address < symbol.size ? &symbol : nullptr;
}

std::string Image::NameAt(uintptr_t address) const {
  const Symbol* symbol = SymbolAt(address);
  const uintptr_t offset = symbol == nullptr ? address : address - symbol->address;
  std::array<char, 24> hex{};
  std::snprintf(hex.data(), hex.size(), "0x%llx", static_cast<unsigned long long>(offset));
  return symbol == nullptr ? hex.data() : symbol->name + "+" + hex.data();
}

const char* Image::AbsentAt(uintptr_t address) const {
  const auto start = reinterpret_cast<uintptr_t>(exports_->absent);
  if (address - start >= static_cast<uintptr_t>(exports_->absent_end - exports_->absent)) {
    return nullptr;
  }
  const char* name = exports_->absent_names;
  for (uintptr_t i = (address - start) / WORLD_ABSENT_STRIDE; i != 0; --i) {
    name += std::strlen(name) + 1;
  }
  return name;
}

}  // namespace hotplug::tree
