// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a file has in it, for tests.
#ifndef REGRESS_UNIT_FILES_H_
#define REGRESS_UNIT_FILES_H_

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace hotplug::testing {

// Byte for byte; empty where there is no such file.
inline std::string Contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace hotplug::testing

#endif  // REGRESS_UNIT_FILES_H_
