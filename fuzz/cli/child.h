// SPDX-License-Identifier: GPL-2.0-or-later
//
// A driver's own file is native code, so that a verb runs it in a process of its own. What comes
// out counts only if the verb itself has said it: no way in which the file ends that process looks
// like an exit code of ours.
#ifndef FUZZ_CLI_CHILD_H_
#define FUZZ_CLI_CHILD_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fuzz/cli/cli.h"
#include "fuzz/driver/guard.h"

namespace hotplug::cli {

struct Job {
  std::string name;               // of the driver's file, as messages have it
  std::string object;             // what it was compiled to
  std::vector<std::string> outs;  // files that the verb may write
  std::function<ExitCode()> main;
};

// The exit code of the job; kDied, and one line on stderr, if its process has ended without one.
// SIGINT, SIGTERM and SIGHUP are handed on; EndIfInterrupted() does then what they do, for who has
// tidied up.
ExitCode RunInChild(const Job& job);
void EndIfInterrupted();

// In the child: tells the parent, and ends. For driver::Guard().
void TellDeath(const driver::Death& death);

// Writes a new file. A child has the parent do it, as it may open none.
absl::Status WriteOut(const std::string& path, absl::string_view contents);

}  // namespace hotplug::cli

#endif  // FUZZ_CLI_CHILD_H_
