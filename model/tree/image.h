// SPDX-License-Identifier: GPL-2.0-or-later
//
// The image of a world: the kernel side of the tree world (abi.h), an ELF file that is linked at
// fixed addresses and mapped as it is written.
//
//   std::string error;
//   std::unique_ptr<tree::Image> image = tree::Image::Map("6.1.world", &error);
//   if (image == nullptr) ... error: "6.1.world: not a world: it has no ELF header"
#ifndef MODEL_TREE_IMAGE_H_
#define MODEL_TREE_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/tree/abi.h"

namespace hotplug::tree {

// A name of the linker's, and what it is of.
struct Symbol {
  uint32_t address;
  uint32_t size;
  std::string name;
};

// One at a time in a process. Its pages, the arena and the stacks go with it.
class Image {
 public:
  // Null, and a sentence, if the file is no world, or the addresses are not free.
  static std::unique_ptr<Image> Map(const std::string& path, std::string* error);
  ~Image();
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  const world_exports& exports() const { return *exports_; }
  // What it was built from: "version=6.1.192 geometry=16 debug_vm=on memmap=vmemmap".
  std::string_view about() const { return exports_->about; }

  // The state as it is in the file.
  const std::vector<std::byte>& pristine() const { return pristine_; }

  // By address.
  const std::multimap<uintptr_t, Symbol>& symbols() const { return symbols_; }
  // The function or variable that an address lies in; null if it lies in none.
  const Symbol* SymbolAt(uintptr_t address) const;
  // "offline_pages+0x1a2", or the address where nothing is.
  std::string NameAt(uintptr_t address) const;
  // The name that nobody defines that an address stands for; null if it is none of them.
  const char* AbsentAt(uintptr_t address) const;
  bool InText(uintptr_t address) const {
    return address - reinterpret_cast<uintptr_t>(exports_->text) <
           static_cast<uintptr_t>(exports_->text_end - exports_->text);
  }

 private:
  class Loader;
  struct Mapping {
    void* start;
    size_t size;
  };

  Image() = default;

  std::vector<Mapping> mappings_;
  std::multimap<uintptr_t, Symbol> symbols_;  // by address
  std::vector<std::byte> pristine_;
  const world_exports* exports_ = nullptr;
};

}  // namespace hotplug::tree

#endif  // MODEL_TREE_IMAGE_H_
