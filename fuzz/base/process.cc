// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/base/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace hotplug::base {

namespace fs = std::filesystem;

absl::StatusOr<TemporaryFolder> TemporaryFolder::Make(const std::string& parent) {
  std::error_code error;
  const fs::path above = parent.empty() ? fs::temp_directory_path(error) : fs::path(parent);
  std::string name = (above / "hotplug-fuzz.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat(name, ": ", std::strerror(errno)));
  }
  return TemporaryFolder(name);
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, "")) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

namespace {

// What posix_spawn is to do in the new process before it becomes another program.
class FileActions {
 public:
  explicit FileActions(const Command& command) {
    posix_spawn_file_actions_init(&actions_);
    Open(STDIN_FILENO, "/dev/null", O_RDONLY);
    Open(STDOUT_FILENO, command.out, O_WRONLY | O_CREAT | O_APPEND);
    Open(STDERR_FILENO, command.err, O_WRONLY | O_CREAT | O_APPEND);
    if (!command.folder.empty()) {
      posix_spawn_file_actions_addchdir_np(&actions_, command.folder.c_str());
    }
  }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  void Open(int fd, const std::string& path, int flags) {
    posix_spawn_file_actions_addopen(&actions_, fd, path.c_str(), flags, 0666);
  }
  posix_spawn_file_actions_t actions_;
};

std::string EndOf(int status) {
  if (WIFSIGNALED(status)) return absl::StrCat("signal ", WTERMSIG(status));
  const int code = WEXITSTATUS(status);
  return code == 0 ? "" : absl::StrCat("exit code ", code);
}

}  // namespace

absl::StatusOr<std::string> RunCommand(const Command& command) {
  std::vector<std::string> args = command.args;
  std::vector<char*> argv;
  argv.reserve(args.size() + 1);
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  const FileActions actions(command);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], actions.get(), nullptr, argv.data(), environ);
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat(args[0], ": ", std::strerror(error)));
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return EndOf(status);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace hotplug::base
