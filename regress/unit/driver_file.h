// SPDX-License-Identifier: GPL-2.0-or-later
//
// For the tests of drivers' own files: copies of the kernel's with changes.
#ifndef REGRESS_UNIT_DRIVER_FILE_H_
#define REGRESS_UNIT_DRIVER_FILE_H_

#include <iterator>
#include <string>

#include "regress/unit/cli.h"
#include "regress/unit/kernel_source.h"

namespace hotplug::testing {

// A copy of a file in which one text is another.
inline std::string Changed(const Cli& cli, const std::string& file, const std::string& name,
                           const std::string& from, const std::string& to) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  const size_t at = text.find(from);
  INFO(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  cli.Write(name, text);
  return (cli.folder() / name).string();
}

}  // namespace hotplug::testing

#endif  // REGRESS_UNIT_DRIVER_FILE_H_
