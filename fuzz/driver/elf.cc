// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/driver/elf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <utility>

#include "model/scenario/echo.h"

namespace hotplug::driver {

namespace {

// This machine, and its relocations that are the sum of an address and a number.
struct Machine {
  ElfW(Half) number;
  uint32_t relative;    // of the object's own address
  uint32_t symbols[3];  // of a symbol's
};
#if defined(__x86_64__)
constexpr Machine kHost = {
    EM_X86_64, R_X86_64_RELATIVE, {R_X86_64_64, R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT}};
#elif defined(__aarch64__)
constexpr Machine kHost = {
    EM_AARCH64, R_AARCH64_RELATIVE, {R_AARCH64_ABS64, R_AARCH64_GLOB_DAT, R_AARCH64_JUMP_SLOT}};
#elif defined(__s390x__)
constexpr Machine kHost = {EM_S390, R_390_RELATIVE, {R_390_64, R_390_GLOB_DAT, R_390_JMP_SLOT}};
#else
constexpr Machine kHost = {EM_NONE, 0, {0, 0, 0}};
#endif

constexpr char kOtherMachine[] = "is no shared object of this machine";
constexpr char kDamaged[] = "is damaged";

// What the linker writes for a driver. Each of the others makes the loader run or load something.
constexpr ElfW(Sxword) kTags[] = {
    DT_NULL,   DT_HASH,       DT_GNU_HASH,     DT_STRTAB,    DT_SYMTAB,  DT_STRSZ,    DT_SYMENT,
    DT_RELA,   DT_RELASZ,     DT_RELAENT,      DT_RELACOUNT, DT_PLTGOT,  DT_PLTRELSZ, DT_PLTREL,
    DT_JMPREL, DT_SYMBOLIC,   DT_BIND_NOW,     DT_FLAGS,     DT_FLAGS_1, DT_SONAME,   DT_VERSYM,
    DT_DEBUG,  DT_INIT_ARRAY, DT_INIT_ARRAYSZ, DT_FINI_ARRAY};

// Those that have an objection of their own.
constexpr struct {
  ElfW(Sxword) tag;
  const char* objection;
} kRefused[] = {
    {DT_NEEDED, "needs a library, and there is none in a kernel"},
    {DT_TEXTREL, "has relocations in its code"},
    {DT_PREINIT_ARRAY, "has code that runs as it is loaded"},
};

// The constructors that gcc and clang add for -fsanitize=thread.
bool IsOfCompiler(const std::string& function) {
  return function.starts_with("_sub_I_") || function == "tsan.module_ctor";
}

}  // namespace

template <class T>
const T* Elf::Table(size_t offset, size_t count) const {
  if (offset > file_.size() || offset % alignof(T) != 0) return nullptr;
  if (count > (file_.size() - offset) / sizeof(T)) return nullptr;
  return reinterpret_cast<const T*>(file_.data() + offset);
}

// Of what the loader finds at an address: where the file has it.
template <class T>
const T* Elf::TableAt(uintptr_t address, size_t count) const {
  for (const Phdr* p = segments_; p != segments_ + nr_segments_; ++p) {
    if (p->p_type != PT_LOAD || address < p->p_vaddr) continue;
    const size_t offset = address - p->p_vaddr;
    if (offset > p->p_filesz || count > (p->p_filesz - offset) / sizeof(T)) continue;
    return Table<T>(p->p_offset + offset, count);
  }
  return nullptr;
}

Elf::Elf(const std::string& file) : file_(file) {
  const auto* head = Table<ElfW(Ehdr)>(0, 1);
  if (head == nullptr) return;
  sections_ = Table<Shdr>(head->e_shoff, head->e_shnum);
  nr_sections_ = sections_ == nullptr ? 0 : head->e_shnum;
  segments_ = Table<Phdr>(head->e_phoff, head->e_phnum);
  nr_segments_ = segments_ == nullptr ? 0 : head->e_phnum;
  for (const Phdr* p = segments_; p != segments_ + nr_segments_; ++p) {
    if (p->p_type != PT_DYNAMIC) continue;
    dynamic_ = TableAt<Dyn>(p->p_vaddr, p->p_filesz / sizeof(Dyn));
    nr_dynamic_ = dynamic_ == nullptr ? 0 : p->p_filesz / sizeof(Dyn);
  }
}

const Elf::Shdr* Elf::Section(uint32_t i, uint32_t type) const {
  return i < nr_sections_ && sections_[i].sh_type == type ? &sections_[i] : nullptr;
}

std::string Elf::StringAt(size_t offset) const {
  return offset < file_.size() ? file_.c_str() + offset : "";
}

std::string Elf::NameOf(const Shdr& symbols, const Sym& sym) const {
  if (symbols.sh_link >= nr_sections_) return "";
  return StringAt(sections_[symbols.sh_link].sh_offset + sym.st_name);
}

std::string Elf::DynamicName(const Sym& sym) const {
  const char* name = TableAt<char>(Value(DT_STRTAB) + sym.st_name, 1);
  return name == nullptr ? "" : StringAt(static_cast<size_t>(name - file_.data()));
}

// The entries of all sections of a type.
template <class T, class F>
void Elf::ForEach(uint32_t type, F f) const {
  for (uint32_t i = 0; i < nr_sections_; ++i) {
    const Shdr* section = Section(i, type);
    if (section == nullptr) continue;
    const size_t count = section->sh_size / sizeof(T);
    const T* entries = Table<T>(section->sh_offset, count);
    for (size_t k = 0; entries != nullptr && k < count; ++k) f(*section, entries[k]);
  }
}

std::vector<shim::Function> Elf::Functions(uintptr_t base) const {
  std::vector<shim::Function> functions;
  ForEach<Sym>(SHT_SYMTAB, [&](const Shdr& table, const Sym& sym) {
    if (ELF64_ST_TYPE(sym.st_info) != STT_FUNC || sym.st_size == 0) return;
    functions.push_back({base + sym.st_value, sym.st_size, EchoName(NameOf(table, sym))});
  });
  return functions;
}

// The linker keeps its relocations (--emit-relocs): one of them is the target of each call of
// ours, which is what the call ends with.
std::vector<uintptr_t> Elf::Blocks(uintptr_t base) const {
  constexpr size_t kTarget = 4;
  std::vector<uintptr_t> blocks;
  ForEach<Rela>(SHT_RELA, [&](const Shdr& relocations, const Rela& r) {
    const Shdr* table = Section(relocations.sh_link, SHT_SYMTAB);
    if (table == nullptr) return;
    const auto* sym = Table<Sym>(table->sh_offset + ELF64_R_SYM(r.r_info) * sizeof(Sym), 1);
    if (sym == nullptr || NameOf(*table, *sym) != "__sanitizer_cov_trace_pc") return;
    blocks.push_back(base + r.r_offset + kTarget);
  });
  std::sort(blocks.begin(), blocks.end());
  return blocks;
}

// ---- What may be loaded ----

std::string Elf::Objection() const {
  using Part = std::string (Elf::*)() const;
  for (const Part part :
       {&Elf::HeadObjection, &Elf::SegmentObjection, &Elf::DynamicObjection, &Elf::SymbolObjection,
        &Elf::RelocationObjection, &Elf::ConstructorObjection}) {
    if (std::string objection = (this->*part)(); !objection.empty()) return objection;
  }
  return "";
}

std::string Elf::HeadObjection() const {
  const auto* head = Table<ElfW(Ehdr)>(0, 1);
  if (head == nullptr || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) return kOtherMachine;
  constexpr bool kLittle = std::endian::native == std::endian::little;
  const bool host = head->e_ident[EI_CLASS] == ELFCLASS64 &&
                    head->e_ident[EI_DATA] == (kLittle ? ELFDATA2LSB : ELFDATA2MSB) &&
                    head->e_machine == kHost.number && head->e_type == ET_DYN;
  if (!host) return kOtherMachine;
  const bool whole = segments_ != nullptr && sections_ != nullptr && dynamic_ != nullptr &&
                     head->e_phentsize == sizeof(Phdr) && head->e_shentsize == sizeof(Shdr);
  return whole ? "" : kDamaged;
}

std::string Elf::SegmentObjection() const {
  bool says_stack = false;
  bool any = false;
  for (const Phdr* p = segments_; p != segments_ + nr_segments_; ++p) {
    if (p->p_type == PT_TLS) return "has thread-local variables";
    if (p->p_type == PT_INTERP) return kOtherMachine;
    const bool executable = (p->p_flags & PF_X) != 0;
    if (p->p_type == PT_GNU_STACK) {
      says_stack = true;
      if (executable) return "asks for an executable stack";
    }
    if (p->p_type != PT_LOAD) continue;
    if (!std::exchange(any, true) && p->p_vaddr != 0) return kOtherMachine;
    if (executable && (p->p_flags & PF_W) != 0) return "has code that can be written to";
    if (p->p_vaddr > shim::kMaxImage || p->p_memsz > shim::kMaxImage - p->p_vaddr) {
      return "is larger than " + std::to_string(shim::kMaxImage >> 20) + " MiB with its data";
    }
    if (p->p_filesz > p->p_memsz || Table<char>(p->p_offset, p->p_filesz) == nullptr) {
      return kDamaged;
    }
  }
  return says_stack ? "" : "asks for an executable stack";
}

std::string Elf::DynamicObjection() const {
  for (const Dyn* d = dynamic_; d != dynamic_ + nr_dynamic_ && d->d_tag != DT_NULL; ++d) {
    for (const auto& refused : kRefused) {
      if (d->d_tag == refused.tag) return refused.objection;
    }
    const bool text = d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_TEXTREL) != 0;
    if (text) return "has relocations in its code";
    const bool runs = d->d_tag == DT_INIT || d->d_tag == DT_FINI;
    if (runs) return "its function " + FunctionAt(d->d_un.d_ptr) + " would run as it is loaded";
    if (d->d_tag == DT_FINI_ARRAYSZ && d->d_un.d_val != 0) {
      return "its function " + FunctionAt(Target(Value(DT_FINI_ARRAY))) +
             " would run as it is unloaded (a destructor)";
    }
    const bool known = std::find(std::begin(kTags), std::end(kTags), d->d_tag) != std::end(kTags);
    if (!known && d->d_tag != DT_FINI_ARRAYSZ) {
      return "has an entry for the loader that is not known (" + std::to_string(d->d_tag) + ")";
    }
  }
  return "";
}

std::string Elf::SymbolObjection() const {
  std::string objection;
  bool any = false;
  const auto look = [&](const Shdr& table, const Sym& sym) {
    any = true;
    const bool within = sym.st_size <= shim::kMaxImage && sym.st_value <= shim::kMaxImage;
    if (ELF64_ST_TYPE(sym.st_info) == STT_FUNC && !within) objection = kDamaged;
    if (ELF64_ST_TYPE(sym.st_info) != STT_GNU_IFUNC || !objection.empty()) return;
    objection = "has an indirect function (" + NameOf(table, sym) + ")";
  };
  ForEach<Sym>(SHT_DYNSYM, look);
  any = false;
  ForEach<Sym>(SHT_SYMTAB, look);
  if (!objection.empty()) return objection;
  if (!any) return "has no table of its functions";
  if (Blocks(0).size() <= shim::kMaxBasicBlocks) return "";
  return "has more than " + std::to_string(shim::kMaxBasicBlocks) + " basic blocks";
}

// All relocations that the loader carries out; null for a table that is not whole.
template <class F>
void Elf::ForEachRelocation(F f) const {
  const std::pair<ElfW(Sxword), ElfW(Sxword)> kTables[] = {{DT_RELA, DT_RELASZ},
                                                           {DT_JMPREL, DT_PLTRELSZ}};
  for (const auto& [start, size] : kTables) {
    const size_t count = Value(size) / sizeof(Rela);
    const Rela* entries = TableAt<Rela>(Value(start), count);
    if (count != 0 && entries == nullptr) f(nullptr);
    for (size_t i = 0; entries != nullptr && i < count; ++i) f(&entries[i]);
  }
}

std::string Elf::RelocationObjection() const {
  std::string objection;
  const auto look = [&](const Rela* r) -> std::string {
    if (r == nullptr || r->r_offset > shim::kMaxImage) return kDamaged;
    const auto type = static_cast<uint32_t>(ELF64_R_TYPE(r->r_info));
    if (type == kHost.relative) return "";
    const bool known = std::find(std::begin(kHost.symbols), std::end(kHost.symbols), type) !=
                       std::end(kHost.symbols);
    if (!known) return "has an indirect function (" + FunctionAt(Target(r->r_offset)) + ")";
    const Sym* sym = TableAt<Sym>(Value(DT_SYMTAB) + ELF64_R_SYM(r->r_info) * sizeof(Sym), 1);
    if (sym == nullptr) return kDamaged;
    if (sym->st_shndx != SHN_UNDEF) return "";
    return "unknown kernel name " + DynamicName(*sym);
  };
  ForEachRelocation([&](const Rela* r) {
    if (objection.empty()) objection = look(r);
  });
  return objection;
}

std::string Elf::ConstructorObjection() const {
  const uintptr_t slots = Value(DT_INIT_ARRAY);
  const size_t bytes = Value(DT_INIT_ARRAYSZ);
  if (bytes > file_.size()) return kDamaged;
  for (uintptr_t slot = slots; slot < slots + bytes; slot += sizeof(uintptr_t)) {
    const std::string function = FunctionAt(Target(slot));
    if (IsOfCompiler(function)) continue;
    return "its function " + function + " would run as it is loaded (a constructor)";
  }
  return "";
}

uintptr_t Elf::Value(ElfW(Sxword) tag) const {
  for (const Dyn* d = dynamic_; d != dynamic_ + nr_dynamic_ && d->d_tag != DT_NULL; ++d) {
    if (d->d_tag == tag) return d->d_un.d_ptr;
  }
  return 0;
}

// What a slot says, when it is relocated.
uintptr_t Elf::Target(uintptr_t slot) const {
  uintptr_t target = 0;
  ForEachRelocation([&](const Rela* r) {
    if (r == nullptr || r->r_offset != slot) return;
    target = static_cast<uintptr_t>(r->r_addend);
    if (ELF64_R_TYPE(r->r_info) == kHost.relative) return;
    const Sym* sym = TableAt<Sym>(Value(DT_SYMTAB) + ELF64_R_SYM(r->r_info) * sizeof(Sym), 1);
    if (sym != nullptr) target += sym->st_value;
  });
  return target;
}

std::string Elf::FunctionAt(uintptr_t address) const {
  for (const shim::Function& f : Functions(0)) {
    if (address - f.start < f.size) return f.name;
  }
  return "?";
}

std::string Elf::WithoutConstructors() const {
  std::string file = file_;
  for (const Dyn* d = dynamic_; d != dynamic_ + nr_dynamic_ && d->d_tag != DT_NULL; ++d) {
    if (d->d_tag != DT_INIT_ARRAYSZ) continue;
    const auto* value = reinterpret_cast<const char*>(&d->d_un);
    std::fill_n(file.begin() + (value - file_.data()), sizeof(d->d_un), '\0');
  }
  return file;
}

}  // namespace hotplug::driver
