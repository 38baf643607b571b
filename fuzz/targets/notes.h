// SPDX-License-Identifier: GPL-2.0-or-later
//
// Findings noted in a file while fuzzing goes on: a line when a DEDUP_TOKEN is seen for the first
// time, and the input beside the file under its name and the number of the line. Both are written
// at once, so that nothing is lost when the fuzzer is interrupted.
//
//   274 12265 I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE
//
// The milliseconds of processor time and the executions since the start, and the token. On a
// machine that is shared the time on the wall says more about the others.
#ifndef FUZZ_TARGETS_NOTES_H_
#define FUZZ_TARGETS_NOTES_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <set>
#include <string>

namespace hotplug::targets {

class Notes {
 public:
  // Begins the file anew. False if it cannot be written.
  bool Open(const std::string& path) {
    path_ = path;
    file_ = std::fopen(path.c_str(), "w");
    return file_ != nullptr;
  }
  bool open() const { return file_ != nullptr; }
  void CountExecution() { ++executions_; }
  uint64_t executions() const { return executions_; }
  void Note(const std::string& token, const uint8_t* input, size_t size) {
    if (!seen_.insert(token).second) return;
    const std::string kept = path_ + "." + std::to_string(seen_.size());
    std::FILE* file = std::fopen(kept.c_str(), "wb");
    const bool whole = file != nullptr && std::fwrite(input, 1, size, file) == size;
    if ((file != nullptr && std::fclose(file) != 0) || !whole) std::perror(kept.c_str());
    const auto ms = std::clock() * INT64_C(1000) / CLOCKS_PER_SEC;
    std::fprintf(file_, "%lld %llu %s\n", static_cast<long long>(ms),
                 static_cast<unsigned long long>(executions_), token.c_str());
    if (std::fflush(file_) != 0) std::perror(path_.c_str());
  }

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
  uint64_t executions_ = 0;
  std::set<std::string> seen_;
};

}  // namespace hotplug::targets

#endif  // FUZZ_TARGETS_NOTES_H_
