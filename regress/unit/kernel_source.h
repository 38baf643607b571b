// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where the kernel's source is. Empty, and a word, where no package has it.
#ifndef REGRESS_UNIT_KERNEL_SOURCE_H_
#define REGRESS_UNIT_KERNEL_SOURCE_H_

#include <sys/wait.h>

#include <cstdio>
#include <string>

#include "regress/unit/catch.h"

namespace hotplug::testing {

inline std::string KernelSource(const std::string& tool) {
  std::FILE* pipe = popen(("regress/tools/" + tool).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string path;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) path += static_cast<char>(c);
  const int status = pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 4) return "";
  INFO("regress/tools/" << tool);
  REQUIRE(status == 0);
  path.pop_back();
  return path;
}

// A file of Linux 6.1, and the part that worlds need of any version.
inline std::string KernelFile(const std::string& path) {
  return KernelSource("kernel-file " + path);
}
inline std::string KernelTree(const std::string& version) {
  return KernelSource("kernel-tree " + version);
}

}  // namespace hotplug::testing

#endif  // REGRESS_UNIT_KERNEL_SOURCE_H_
