// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/cli/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fuzz/base/files.h"
#include "fuzz/base/process.h"
#include "model/scenario/echo.h"

namespace hotplug::cli {

namespace {

// ---- Messages ----

using Nonce = std::array<uint8_t, 16>;  // nobody can say it by chance

enum class Message : uint32_t { kResult, kDeath, kWrite };

struct Head {
  Nonce nonce;
  Message kind;
  uint32_t path_bytes;  // of kWrite: what follows is the path, and then the contents
  uint32_t bytes;       // that follow
};
constexpr uint32_t kMaxBytes = uint32_t{64} << 20;

// Of a child to its parent; -1 in every other process.
struct Channel {
  int fd = -1;
  Nonce nonce{};
};
Channel channel;

bool WriteAll(int fd, const void* from, size_t bytes) {
  const char* p = static_cast<const char*>(from);
  while (bytes != 0) {
    const ssize_t n = send(fd, p, bytes, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    p += n;
    bytes -= static_cast<size_t>(n);
  }
  return true;
}

bool ReadAll(int fd, void* to, size_t bytes) {
  char* p = static_cast<char*>(to);
  while (bytes != 0) {
    const ssize_t n = read(fd, p, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    p += n;
    bytes -= static_cast<size_t>(n);
  }
  return true;
}

bool ReadString(int fd, size_t bytes, std::string* to) {
  to->resize(bytes);
  return ReadAll(fd, to->data(), bytes);
}

template <class T>
bool Tell(Message kind, const T& what) {
  const Head head = {channel.nonce, kind, 0, sizeof(what)};
  return WriteAll(channel.fd, &head, sizeof(head)) && WriteAll(channel.fd, &what, sizeof(what));
}

// ---- Signals that end us ----

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

volatile std::sig_atomic_t handed_on = 0;
volatile pid_t running = 0;

void HandOn(int signal) {
  handed_on = signal;
  kill(running, signal);
}

sigset_t SetOfSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kSignals) sigaddset(&set, signal);
  return set;
}

// What is ignored stays so.
void HandOnSignals() {
  for (const int signal : kSignals) {
    struct sigaction action = {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler == SIG_IGN) continue;
    action.sa_handler = &HandOn;
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
  }
}

// ---- The child ----

[[noreturn]] void BeChild(const Job& job, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kDied);
  // What has been printed stays, whatever comes.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  ExitCode code = job.main();
  if (absl::Status written = base::CloseStandardOutput(); !written.ok()) code = Complain(written);
  Tell(Message::kResult, static_cast<int32_t>(code));
  _exit(code);
}

// ---- The parent ----

struct Said {
  std::optional<ExitCode> code;
  std::optional<driver::Death> death;
};

// Only what the command line says may be written.
absl::Status Write(const Job& job, const std::string& path, const std::string& contents) {
  const bool known = std::find(job.outs.begin(), job.outs.end(), path) != job.outs.end();
  if (!known) return absl::PermissionDeniedError(absl::StrCat(path, ": is no output of this verb"));
  return base::WriteNew(path, contents);
}

bool DoWrite(const Job& job, const Head& head, int fd) {
  std::string path;
  std::string contents;
  if (head.path_bytes > head.bytes || !ReadString(fd, head.path_bytes, &path)) return false;
  if (!ReadString(fd, head.bytes - head.path_bytes, &contents)) return false;
  const std::string answer(Write(job, path, contents).message());
  const auto bytes = static_cast<uint32_t>(answer.size());
  return WriteAll(fd, &bytes, sizeof(bytes)) && WriteAll(fd, answer.data(), bytes);
}

// Up to the end of the child, or to what is none of its messages.
Said Listen(const Job& job, const Nonce& nonce, int fd) {
  Said result;
  Head head;
  while (ReadAll(fd, &head, sizeof(head)) && head.nonce == nonce && head.bytes <= kMaxBytes) {
    int32_t code = 0;
    driver::Death death;
    if (head.kind == Message::kWrite) {
      if (!DoWrite(job, head, fd)) break;
    } else if (head.kind == Message::kResult && head.bytes == sizeof(code)) {
      if (!ReadAll(fd, &code, sizeof(code))) break;
      result.code = static_cast<ExitCode>(code);
    } else if (head.kind == Message::kDeath && head.bytes == sizeof(death)) {
      if (!ReadAll(fd, &death, sizeof(death))) break;
      death.function.back() = '\0';
      result.death = death;
    } else {
      break;
    }
  }
  return result;
}

// "mine.c:42", or empty.
std::string PlaceOf(const driver::Death& death, const std::string& object) {
  if (death.offset == driver::Death::kNowhere) return "";
  const absl::StatusOr<base::TemporaryFolder> folder = base::TemporaryFolder::Make();
  if (!folder.ok()) return "";
  const std::string out = *folder / "out";
  const absl::StatusOr<std::string> end = base::RunCommand(
      {{"addr2line", "-e", object, absl::StrCat(absl::Hex(death.offset))}, "", out, "/dev/null"});
  if (!end.ok() || !end->empty()) return "";
  const std::string said = base::ReadFile(out);
  const std::string place(absl::string_view(said).substr(0, said.find_first_of(" \n")));
  if (absl::StartsWith(place, "?") || absl::EndsWith(place, "?")) return "";
  return std::filesystem::path(place).filename().string();
}

ExitCode SayDeath(const Job& job, const std::optional<driver::Death>& death, int status) {
  if (death.has_value()) {
    const std::string place = PlaceOf(*death, job.object);
    Complain(driver::Sentence(*death, job.name.c_str(), place.c_str()).data());
  } else if (WIFSIGNALED(status)) {
    Complain(absl::StrCat(job.name, ": its process has ended with signal ", WTERMSIG(status)));
  } else {
    Complain(
        absl::StrCat(job.name, ": has ended its process with exit code ", WEXITSTATUS(status)));
  }
  return kDied;
}

ExitCode BeParent(const Job& job, const Nonce& nonce, int fd) {
  const Said result = Listen(job, nonce, fd);
  close(fd);
  // Who says something else, or goes on behind its end, has nothing to say.
  if (!result.code.has_value() && !result.death.has_value()) {
    siginfo_t ended = {};
    if (waitid(P_PID, static_cast<id_t>(running), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        ended.si_pid == 0) {
      usleep(100'000);
      kill(running, SIGKILL);
    }
  }
  int status = 0;
  while (waitpid(running, &status, 0) < 0 && errno == EINTR) {
  }
  const bool signaled = WIFSIGNALED(status) && WTERMSIG(status) == handed_on;
  if (signaled) return kDied;
  handed_on = 0;
  const bool whole = result.code.has_value() && !result.death.has_value() && WIFEXITED(status) &&
                     WEXITSTATUS(status) == *result.code;
  return whole ? *result.code : SayDeath(job, result.death, status);
}

}  // namespace

ExitCode RunInChild(const Job& job) {
  int ends[2];
  Nonce nonce;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
      getrandom(nonce.data(), nonce.size(), 0) != static_cast<ssize_t>(nonce.size())) {
    return Complain(absl::StrCat(job.name, ": no process for it: ", std::strerror(errno)));
  }
  const sigset_t signals = SetOfSignals();
  sigset_t before;
  sigprocmask(SIG_BLOCK, &signals, &before);
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    close(ends[0]);
    channel = {ends[1], nonce};
    BeChild(job, parent);
  }
  running = pid;
  if (pid > 0) HandOnSignals();
  sigprocmask(SIG_SETMASK, &before, nullptr);
  close(ends[1]);
  if (pid > 0) return BeParent(job, nonce, ends[0]);
  close(ends[0]);
  return Complain(absl::StrCat(job.name, ": no process for it: ", std::strerror(errno)));
}

void EndIfInterrupted() {
  if (handed_on == 0) return;
  std::signal(handed_on, SIG_DFL);
  std::raise(handed_on);
}

void TellDeath(const driver::Death& death) {
  Tell(Message::kDeath, death);
  _exit(kDied);
}

absl::Status WriteOut(const std::string& path, absl::string_view contents) {
  if (channel.fd < 0) return base::WriteNew(path, contents);
  const auto path_bytes = static_cast<uint32_t>(path.size());
  const Head head = {channel.nonce, Message::kWrite, path_bytes,
                     path_bytes + static_cast<uint32_t>(contents.size())};
  uint32_t bytes = 0;
  std::string answer;
  const bool whole =
      WriteAll(channel.fd, &head, sizeof(head)) && WriteAll(channel.fd, path.data(), path.size()) &&
      WriteAll(channel.fd, contents.data(), contents.size()) &&
      ReadAll(channel.fd, &bytes, sizeof(bytes)) && ReadString(channel.fd, bytes, &answer);
  if (!whole) return absl::UnavailableError(absl::StrCat(EchoName(path), ": cannot be written"));
  return answer.empty() ? absl::OkStatus() : absl::UnavailableError(answer);
}

}  // namespace hotplug::cli
