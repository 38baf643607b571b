// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/scenario/echo.h"

namespace hotplug::base {

namespace {

absl::Status Taken(const std::string& path) {
  return absl::AlreadyExistsError(
      absl::StrCat(EchoName(path), ": exists already and is not overwritten"));
}

}  // namespace

// Far more than any scenario or recording has; some files have no end.
constexpr size_t kMaxFileMiB = 64;

absl::StatusOr<std::string> Contents(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(EchoName(path), ": ", std::strerror(EISDIR)));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open())
    return absl::NotFoundError(absl::StrCat(EchoName(path), ": ", std::strerror(errno)));
  std::string contents;
  std::array<char, size_t{1} << 16> part;
  do {
    file.read(part.data(), part.size());
    contents.append(part.data(), static_cast<size_t>(file.gcount()));
  } while (file && contents.size() <= kMaxFileMiB << 20);
  if (file.bad())
    return absl::UnavailableError(absl::StrCat(EchoName(path), ": ", std::strerror(errno)));
  if (contents.size() <= kMaxFileMiB << 20) return contents;
  return absl::InvalidArgumentError(
      absl::StrCat(EchoName(path), ": is larger than ", kMaxFileMiB, " MiB, which no input is"));
}

absl::Status CheckNew(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("-o OUT is missing");
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) ? Taken(path) : absl::OkStatus();
}

namespace {

template <class Iterator>
absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  Iterator entry(folder, error), end;
  if (error == std::errc::no_such_file_or_directory) return files;
  for (; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (entry->is_regular_file(gone)) files.push_back(entry->path().string());
  }
  if (error) return absl::UnavailableError(absl::StrCat(EchoName(folder), ": ", error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FilesIn(const std::string& folder) {
  return FilesOf<std::filesystem::directory_iterator>(folder);
}

absl::StatusOr<std::vector<std::string>> FilesBelow(const std::string& folder) {
  return FilesOf<std::filesystem::recursive_directory_iterator>(folder);
}

namespace {

absl::Status ErrorOf(const std::string& path, int error = errno) {
  return absl::UnavailableError(absl::StrCat(EchoName(path), ": ", std::strerror(error)));
}

bool WriteAll(int fd, absl::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = write(fd, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    contents.remove_prefix(static_cast<size_t>(written));
  }
  // Some file systems know no fsync().
  return fsync(fd) == 0 || errno == EINVAL;
}

// A file beside another one. It is gone with this object, unless it has got its name.
class Unnamed {
 public:
  explicit Unnamed(const std::string& target) {
    const std::string folder = std::filesystem::path(target).parent_path().string();
    do {
      name_ =
          absl::StrCat(folder, folder.empty() ? "" : "/", ".hotplug-fuzz.", getpid(), ".", next_++);
      fd_ = open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (fd_ < 0 && errno == EEXIST);  // left by one who was killed
    if (fd_ < 0) status_ = ErrorOf(target);
  }
  ~Unnamed() {
    if (fd_ >= 0) unlink(name_.c_str());
  }
  Unnamed(const Unnamed&) = delete;
  Unnamed& operator=(const Unnamed&) = delete;

  // Has the contents, or removes what there is of them.
  absl::Status Write(absl::string_view contents, const std::string& target) {
    if (fd_ < 0) return status_;
    const bool whole = WriteAll(fd_, contents);
    const int error = errno;
    if (close(fd_) == 0 && whole) return absl::OkStatus();
    return ErrorOf(target, whole ? errno : error);
  }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  int fd_ = -1;
  uint32_t next_ = 0;
  absl::Status status_;
};

// A name lasts when its folder is on the disk. If that fails the file is whole all the same.
void SyncFolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int fd = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

// Where the file is that a symbolic link names.
std::string Followed(const std::string& path) {
  std::error_code none;
  const std::filesystem::path real = std::filesystem::canonical(path, none);
  return none ? path : real.string();
}

}  // namespace

absl::Status WriteNew(const std::string& path, absl::string_view contents) {
  absl::Status status = CheckNew(path);
  if (!status.ok()) return status;
  Unnamed file(path);
  status = file.Write(contents, path);
  return status.ok() ? Rename(file.name(), path) : status;
}

absl::Status Replace(const std::string& path, absl::string_view contents) {
  const std::string target = Followed(path);
  Unnamed file(target);
  absl::Status status = file.Write(contents, path);
  if (!status.ok()) return status;
  struct stat old;
  if (stat(target.c_str(), &old) == 0) chmod(file.name().c_str(), old.st_mode & 07777);
  if (rename(file.name().c_str(), target.c_str()) != 0) return ErrorOf(path);
  SyncFolderOf(target);
  return absl::OkStatus();
}

absl::Status WriteTemporary(const std::string& path, absl::string_view contents) {
  std::ofstream file(path, std::ios::binary);
  file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  file.close();
  return file.good() ? absl::OkStatus() : ErrorOf(path);
}

absl::Status Rename(const std::string& from, const std::string& to) {
  int failed = renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  // Not every file system can do that. A second name is refused where there is one already.
  if (failed != 0 && (errno == EINVAL || errno == ENOSYS)) {
    failed = link(from.c_str(), to.c_str());
    if (failed == 0) unlink(from.c_str());
    // Nor has every one second names: whoever comes between these two calls is overwritten.
    if (failed != 0 && (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)) {
      if (struct stat there; lstat(to.c_str(), &there) == 0) return Taken(to);
      failed = rename(from.c_str(), to.c_str());
    }
  }
  if (failed != 0) return errno == EEXIST ? Taken(to) : ErrorOf(to);
  SyncFolderOf(to);
  return absl::OkStatus();
}

absl::StatusOr<FolderLock> FolderLock::Take(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrorOf(folder);
  while (flock(fd, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    absl::Status status = ErrorOf(folder);
    close(fd);
    return status;
  }
  return FolderLock(fd);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FolderLock::~FolderLock() {
  if (fd_ >= 0) close(fd_);
}

void KeepStandardStreams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    // The lowest number that is free; the wrong way round, so that what uses it fails.
    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

absl::Status CloseStandardOutput() {
  const bool lost = std::ferror(stdout) != 0;
  errno = 0;
  if (std::fclose(stdout) == 0 && !lost) return absl::OkStatus();
  if (errno != 0) return ErrorOf("standard output");
  return absl::UnavailableError("standard output: not all of it could be written");
}

}  // namespace hotplug::base
