// SPDX-License-Identifier: GPL-2.0-or-later
//
// Known findings, which a fuzzer passes over to get to the next one: a file of patterns over
// DEDUP_TOKENs, one a line, `*` for any part; `#` begins a comment.
//
//   # The array of the module has no lock: two writers.
//   K2/memtrace_init_regions_runtime@*
#ifndef FUZZ_REPORT_SUPPRESSIONS_H_
#define FUZZ_REPORT_SUPPRESSIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hotplug::report {

// Of all files of a fuzzer together. With them a token costs a millisecond at most.
inline constexpr size_t kMaxPatterns = 1000;
inline constexpr size_t kMaxPatternLine = 1000;  // in bytes, with its comment

class Suppressions {
 public:
  // Adds the patterns of a file: all, or none and false if it cannot be read or is broken.
  // error() says why then, as `FILE: ...` or `FILE:LINE:COLUMN: ...`.
  bool Load(const std::string& path);
  // The same for a text that is in no file; `name` stands for it.
  bool Add(std::string_view text, const std::string& name);
  const std::string& error() const { return error_; }

  // Whether some pattern matches the whole token. Every one that does is used from now on.
  bool Match(std::string_view token);
  bool empty() const { return patterns_.empty(); }

  // The patterns that no token has matched, in their order: what they were for is cured, or
  // has not been met.
  std::vector<std::string> Unused() const;
  // A line for each of them, `FILE:LINE: PATTERN has matched nothing`.
  std::string UnusedReport() const;
  // A line for each of the others, `FILE:LINE: PATTERN: passed over 7 times`.
  std::string UsedReport() const;

 private:
  struct Pattern {
    std::string text;
    std::string place;  // FILE:LINE
    uint64_t matches = 0;
  };
  std::vector<Pattern> patterns_;
  std::string error_;
};

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_SUPPRESSIONS_H_
