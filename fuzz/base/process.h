// SPDX-License-Identifier: GPL-2.0-or-later
//
// Other programs, and a folder for what they read and write.
#ifndef FUZZ_BASE_PROCESS_H_
#define FUZZ_BASE_PROCESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hotplug::base {

// A new folder, removed with all that is in it.
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
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Runs a program with an empty standard input, found as a shell finds it, and waits for its end.
// `out` and `err` may be one file. The answer is empty if it exited with 0, else what it did:
// "exit code 2", "signal 6".
struct Command {
  std::vector<std::string> args;
  std::string folder;  // where it runs; empty: here
  std::string out;
  std::string err;
};
absl::StatusOr<std::string> RunCommand(const Command& command);

// The contents of a file; empty if there is none.
std::string ReadFile(const std::string& path);

}  // namespace hotplug::base

#endif  // FUZZ_BASE_PROCESS_H_
