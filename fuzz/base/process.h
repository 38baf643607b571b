// SPDX-License-Identifier: GPL-2.0-or-later
//
// Other programs, and a folder for what they read and write.
#ifndef FUZZ_BASE_PROCESS_H_
#define FUZZ_BASE_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hotplug::base {

// A new folder, removed with all that is in it. A process of its own removes it, when this object
// or whoever has it is gone: a killed program leaves nothing behind either.
class TemporaryFolder {
 public:
  // Below `parent`, or where temporary files belong.
  static absl::StatusOr<TemporaryFolder> Make(const std::string& parent = "");
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&& other) = delete;
  ~TemporaryFolder();

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  TemporaryFolder(std::string path, int alive, pid_t keeper)
      : path_(std::move(path)), alive_(alive), keeper_(keeper) {}
  std::string path_;
  int alive_;  // the keeper reads the other end of this pipe
  pid_t keeper_;
};

// A program to run, found as a shell finds it, with an empty standard input. `out` and `err` may be
// one file. It and all its children end with this process, and with the time that it has.
struct Command {
  std::vector<std::string> args;
  std::string folder;  // where it runs; empty: here
  std::string out;
  std::string err;
  uint32_t seconds = 120;
  uint32_t mib = 64;  // the most that a file it writes may have
};

// Waits for the end. The answer is empty if the program exited with 0, else what it did: "exit code
// 2", "signal 6". An error if it took too long or wrote too much.
absl::StatusOr<std::string> RunCommand(const Command& command);

// The contents of a file; empty if there is none, or if it is larger than any input.
std::string ReadFile(const std::string& path);

}  // namespace hotplug::base

#endif  // FUZZ_BASE_PROCESS_H_
