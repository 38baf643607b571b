// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/base/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fuzz/base/files.h"
#include "model/scenario/echo.h"

namespace hotplug::base {

namespace fs = std::filesystem;

namespace {

using Args = std::vector<std::string>;

// What posix_spawn does in the new process before it becomes another program.
class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  void Open(int fd, const std::string& path, int flags) {
    posix_spawn_file_actions_addopen(&actions_, fd, path.c_str(), flags, 0666);
  }
  void Take(int fd, int ours) { posix_spawn_file_actions_adddup2(&actions_, ours, fd); }
  void ChangeFolder(const std::string& folder) {
    posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// 0, or an errno.
int Spawn(Args args, const FileActions& actions, const posix_spawnattr_t* attributes, pid_t* pid) {
  std::vector<char*> argv;
  argv.reserve(args.size() + 1);
  for (std::string& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  return posix_spawnp(pid, argv[0], actions.get(), attributes, argv.data(), environ);
}

int WaitFor(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// ---- Temporary folders ----

// Starts who removes the folder as soon as nobody has the other end of a pipe open any more. It is
// of another session, which signals for us do not reach. -1 if there can be no such process.
pid_t StartKeeper(const std::string& path, int* alive) {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
  FileActions actions;
  actions.Take(STDIN_FILENO, ends[0]);
  actions.Open(STDOUT_FILENO, "/dev/null", O_WRONLY);
  actions.Open(STDERR_FILENO, "/dev/null", O_WRONLY);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t keeper = -1;
  const Args args = {"sh", "-c", "read -r end; rm -rf -- \"$1\"", "sh", path};
  const int error = Spawn(args, actions, &attributes, &keeper);
  posix_spawnattr_destroy(&attributes);
  close(ends[0]);
  *alive = ends[1];
  if (error == 0) return keeper;
  close(ends[1]);
  return -1;
}

}  // namespace

absl::StatusOr<TemporaryFolder> TemporaryFolder::Make(const std::string& parent) {
  std::error_code error;
  const fs::path above = parent.empty() ? fs::temp_directory_path(error) : fs::path(parent);
  std::string name = (above / "hotplug-fuzz.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat(EchoName(name), ": ", std::strerror(errno)));
  }
  const std::string path = fs::absolute(name, error).string();
  int alive = -1;
  const pid_t keeper = StartKeeper(path, &alive);
  return TemporaryFolder(path, alive, keeper);
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, "")), alive_(other.alive_), keeper_(other.keeper_) {}

TemporaryFolder::~TemporaryFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (keeper_ < 0) return;
  close(alive_);
  WaitFor(keeper_);
}

// ---- Commands ----

namespace {

constexpr int kTimeoutCode = 124;  // of timeout(1)

// Limits are what util-linux and coreutils have programs for. The first ends with this process, by
// a signal that timeout passes on to all children of the program.
Args Limited(const Command& command) {
  Args args = {"setpriv",         "--pdeathsig=TERM",
               "prlimit",         absl::StrCat("--fsize=", uint64_t{command.mib} << 20),
               "--core=0",        "timeout",
               "--kill-after=10", absl::StrCat(command.seconds)};
  args.insert(args.end(), command.args.begin(), command.args.end());
  return args;
}

bool TooLarge(const std::string& path, uint32_t mib) {
  std::error_code none;
  const uintmax_t size = fs::is_regular_file(path, none) ? fs::file_size(path, none) : 0;
  return !none && size >= uint64_t{mib} << 20;
}

std::string EndOf(int status) {
  if (WIFSIGNALED(status)) return absl::StrCat("signal ", WTERMSIG(status));
  const int code = WEXITSTATUS(status);
  return code == 0 ? "" : absl::StrCat("exit code ", code);
}

}  // namespace

absl::StatusOr<std::string> RunCommand(const Command& command) {
  FileActions actions;
  actions.Open(STDIN_FILENO, "/dev/null", O_RDONLY);
  actions.Open(STDOUT_FILENO, command.out, O_WRONLY | O_CREAT | O_APPEND);
  actions.Open(STDERR_FILENO, command.err, O_WRONLY | O_CREAT | O_APPEND);
  if (!command.folder.empty()) actions.ChangeFolder(command.folder);
  const std::string& name = command.args[0];
  pid_t pid = 0;
  if (const int error = Spawn(Limited(command), actions, nullptr, &pid); error != 0) {
    return absl::UnavailableError(absl::StrCat(EchoName(name), ": ", std::strerror(error)));
  }
  const int status = WaitFor(pid);
  if (TooLarge(command.out, command.mib) || TooLarge(command.err, command.mib) ||
      (WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ)) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name, ": writes more than ", command.mib, " MiB"));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kTimeoutCode) {
    return absl::DeadlineExceededError(
        absl::StrCat(name, ": does not end within ", command.seconds, " s"));
  }
  return EndOf(status);
}

std::string ReadFile(const std::string& path) { return Contents(path).value_or(""); }

}  // namespace hotplug::base
