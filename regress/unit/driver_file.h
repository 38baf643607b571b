// SPDX-License-Identifier: GPL-2.0-or-later
//
// For the tests of drivers' own files: where the kernel's are, and copies of them with changes.
#ifndef REGRESS_UNIT_DRIVER_FILE_H_
#define REGRESS_UNIT_DRIVER_FILE_H_

#include <cstdio>
#include <iterator>
#include <string>

#include "regress/unit/cli.h"

namespace hotplug::testing {

// Where a file of Linux 6.1 is; empty, and a word, where no package has it.
inline std::string KernelFile(const std::string& path) {
  std::FILE* pipe = popen(("regress/tools/kernel-file " + path).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string file;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) file += static_cast<char>(c);
  const int status = pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 4) return "";
  INFO("regress/tools/kernel-file " << path);
  REQUIRE(status == 0);
  file.pop_back();
  return file;
}

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
