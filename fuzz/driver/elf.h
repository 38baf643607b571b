// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tables of a driver's object, as the linker has left them: what it is made of, and whether the
// loader may be given it.
//
//   const driver::Elf elf(contents);
//   if (const std::string why = elf.Objection(); !why.empty()) ...
#ifndef FUZZ_DRIVER_ELF_H_
#define FUZZ_DRIVER_ELF_H_

#include <elf.h>
#include <link.h>

#include <string>
#include <vector>

#include "model/shim/shim.h"

namespace hotplug::driver {

class Elf {
 public:
  // What is not in the file, or not all of it, is empty. `file` must outlive this.
  explicit Elf(const std::string& file);

  // Why the object is not loaded, as the rest of a sentence that begins with its name; or empty:
  // nothing in it runs as it is loaded or unloaded, it asks for no library and for no name of
  // somebody else, and its tables lie within it.
  std::string Objection() const;

  // The functions that the symbol table names, static ones too, of an object that lies at `base`.
  std::vector<shim::Function> Functions(uintptr_t base) const;

  // Where each basic block returns to from its call of us, by address.
  std::vector<uintptr_t> Blocks(uintptr_t base) const;

  // The file, without the constructors that a compiler has added for its instrumentation.
  std::string WithoutConstructors() const;

 private:
  using Dyn = ElfW(Dyn);
  using Phdr = ElfW(Phdr);
  using Rela = ElfW(Rela);
  using Shdr = ElfW(Shdr);
  using Sym = ElfW(Sym);

  template <class T>
  const T* Table(size_t offset, size_t count) const;
  template <class T>
  const T* TableAt(uintptr_t address, size_t count) const;
  template <class T, class F>
  void ForEach(uint32_t type, F f) const;
  template <class F>
  void ForEachRelocation(F f) const;
  const Shdr* Section(uint32_t i, uint32_t type) const;
  std::string StringAt(size_t offset) const;
  std::string NameOf(const Shdr& symbols, const Sym& sym) const;
  std::string DynamicName(const Sym& sym) const;
  std::string FunctionAt(uintptr_t address) const;
  uintptr_t Value(ElfW(Sxword) tag) const;
  uintptr_t Target(uintptr_t slot) const;

  std::string HeadObjection() const;
  std::string SegmentObjection() const;
  std::string DynamicObjection() const;
  std::string SymbolObjection() const;
  std::string RelocationObjection() const;
  std::string ConstructorObjection() const;

  const std::string& file_;
  const Phdr* segments_ = nullptr;
  uint32_t nr_segments_ = 0;
  const Shdr* sections_ = nullptr;
  uint32_t nr_sections_ = 0;
  const Dyn* dynamic_ = nullptr;
  size_t nr_dynamic_ = 0;
};

}  // namespace hotplug::driver

#endif  // FUZZ_DRIVER_ELF_H_
