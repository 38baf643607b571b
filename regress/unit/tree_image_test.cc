// SPDX-License-Identifier: GPL-2.0-or-later
//
// Method: a world that has been compiled is mapped, and copies of it with changes are not.
// Goal: what is no world, or one of another version, is told in a sentence and maps nothing.
#include <elf.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "regress/unit/tree.h"

namespace hotplug {
namespace {

using testing::MapWorld;
using testing::WorldFile;

constexpr const char* kWorld = "6.1-16-debug_vm";

std::string Contents() {
  std::ifstream file(WorldFile(kWorld), std::ios::binary);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

// What is said of a file with these contents, without its name.
std::string MapErrorOf(const std::string& contents) {
  const auto path = std::filesystem::temp_directory_path() / "tree_image_test.world";
  std::ofstream(path, std::ios::binary) << contents;
  std::string error;
  CHECK(tree::Image::Map(path.string(), &error) == nullptr);
  std::filesystem::remove(path);
  REQUIRE(error.rfind(path.string() + ": ", 0) == 0);
  return error.substr(path.string().size() + 2);
}

// The world with other bytes where its exports are, from `offset` on.
std::string WithExports(size_t offset, uint32_t value) {
  std::string all = Contents();
  Elf64_Ehdr header{};
  std::memcpy(&header, all.data(), sizeof(header));
  for (uint32_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr p{};
    std::memcpy(&p, all.data() + header.e_phoff + i * sizeof(p), sizeof(p));
    if (header.e_entry - p.p_vaddr >= p.p_filesz) continue;
    std::memcpy(all.data() + p.p_offset + (header.e_entry - p.p_vaddr) + offset, &value,
                sizeof(value));
  }
  return all;
}

TEST_CASE("A world says what it is, and what is where in it") {
  const std::unique_ptr<tree::Image> image = MapWorld(kWorld);
  CHECK(image->about().find("version=6.1.") == 0);
  CHECK(image->about().find("geometry=16 debug_vm=on") != std::string_view::npos);
  CHECK(image->exports().order_of_block == 4);
  const auto boot = reinterpret_cast<uintptr_t>(image->exports().boot);
  REQUIRE(image->SymbolAt(boot + 1) != nullptr);
  CHECK(image->SymbolAt(boot + 1)->name == "world_boot");
  CHECK(image->InText(boot));
  CHECK(image->SymbolAt(WORLD_ARENA) == nullptr);
}

TEST_CASE("What nobody defines has a name, and what is defined has none of that kind") {
  const std::unique_ptr<tree::Image> image = MapWorld(kWorld);
  const auto first = reinterpret_cast<uintptr_t>(image->exports().absent);
  REQUIRE(image->AbsentAt(first) != nullptr);
  CHECK(image->AbsentAt(first) == std::string(image->exports().absent_names));
  CHECK(image->AbsentAt(first + WORLD_ABSENT_STRIDE - 1) == std::string(image->AbsentAt(first)));
  CHECK(image->AbsentAt(first + WORLD_ABSENT_STRIDE) != std::string(image->AbsentAt(first)));
  CHECK(image->AbsentAt(first - 1) == nullptr);
  CHECK(image->AbsentAt(reinterpret_cast<uintptr_t>(image->exports().absent_end)) == nullptr);
}

TEST_CASE("What is no world is told") {
  CHECK(MapErrorOf("") == "not a world: it has no ELF header");
  CHECK(MapErrorOf(std::string(100, 'x')) == "not a world: it has no ELF header");
  std::string other = Contents();
  other[EI_NIDENT] = ET_DYN;
  CHECK(MapErrorOf(other) == "not a world: it is no executable of x86-64 with fixed addresses");
  CHECK(MapErrorOf(Contents().substr(0, 4096)) == "not a world: a segment lies where none may be");
  CHECK(MapErrorOf(WithExports(offsetof(world_exports, magic), 0)) ==
        "not a world: it does not begin as one");
  CHECK(MapErrorOf(WithExports(offsetof(world_exports, abi), WORLD_ABI + 1)) ==
        "a world of another version of hotplug-fuzz: compile the tree again");
  std::string error;
  CHECK(tree::Image::Map("no/such.world", &error) == nullptr);
  CHECK(error == "no/such.world: No such file or directory");
}

TEST_CASE("A process has one world at a time") {
  std::string error;
  {
    const std::unique_ptr<tree::Image> image = MapWorld(kWorld);
    CHECK(tree::Image::Map(WorldFile(kWorld), &error) == nullptr);
    CHECK(error == WorldFile(kWorld) + ": its addresses are not free in this process");
  }
  CHECK(tree::Image::Map(WorldFile(kWorld), &error) != nullptr);
}

}  // namespace
}  // namespace hotplug
