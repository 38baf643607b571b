// SPDX-License-Identifier: GPL-2.0-or-later
//
// Findings noted in a file while fuzzing goes on, to measure how long each takes to be found: a
// line when a DEDUP_TOKEN is seen for the first time, written at once, so that nothing is lost
// when the fuzzer is interrupted.
//
//   274 12265 I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE
//
// The milliseconds of processor time and the executions since the start, and the token. On a
// machine that is shared the time on the wall says more about the others.
#ifndef FUZZ_TARGETS_NOTES_H_
#define FUZZ_TARGETS_NOTES_H_

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <set>
#include <string>

namespace hotplug::targets {

class Notes {
 public:
  // Begins the file anew. False if it cannot be written.
  bool Open(const char* path) {
    file_ = std::fopen(path, "w");
    return file_ != nullptr;
  }
  bool open() const { return file_ != nullptr; }
  void CountExecution() { ++executions_; }
  uint64_t executions() const { return executions_; }
  void Note(const std::string& token) {
    if (!seen_.insert(token).second) return;
    const auto ms = std::clock() * INT64_C(1000) / CLOCKS_PER_SEC;
    std::fprintf(file_, "%lld %llu %s\n", static_cast<long long>(ms),
                 static_cast<unsigned long long>(executions_), token.c_str());
    std::fflush(file_);
  }

 private:
  std::FILE* file_ = nullptr;
  uint64_t executions_ = 0;
  std::set<std::string> seen_;
};

}  // namespace hotplug::targets

#endif  // FUZZ_TARGETS_NOTES_H_
