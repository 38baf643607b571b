// SPDX-License-Identifier: GPL-2.0-or-later
//
// Failed checks of the simulator, which end the process.
#ifndef REGRESS_UNIT_DEATH_H_
#define REGRESS_UNIT_DEATH_H_

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <string>

#include "regress/unit/catch.h"

namespace hotplug::testing {

// What f() prints to stderr until it aborts, in a process of its own; empty if it does not abort.
inline std::string DeathOf(const std::function<void()>& f) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    dup2(ends[1], STDERR_FILENO);
    f();
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  std::array<char, 256> part{};
  for (ssize_t n = 0; (n = read(ends[0], part.data(), part.size())) > 0;) {
    said.append(part.data(), static_cast<size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? said : "";
}

}  // namespace hotplug::testing

#endif  // REGRESS_UNIT_DEATH_H_
