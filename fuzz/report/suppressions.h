// SPDX-License-Identifier: GPL-2.0-or-later
//
// Known findings, which a fuzzer passes over to get to the next one: a file of patterns over
// DEDUP_TOKENs, one a line, `*` for any part; `#` begins a comment.
//
//   # The array of the module has no lock: two writers.
//   K2/memtrace_init_regions_runtime@*
#ifndef FUZZ_REPORT_SUPPRESSIONS_H_
#define FUZZ_REPORT_SUPPRESSIONS_H_

#include <string>
#include <string_view>
#include <vector>

namespace hotplug::report {

class Suppressions {
 public:
  // Adds the patterns of a file. False if it cannot be read.
  bool Load(const std::string& path);
  void Add(std::string_view text);
  // Whether some pattern matches the whole token.
  bool Match(std::string_view token) const;
  bool empty() const { return patterns_.empty(); }

 private:
  std::vector<std::string> patterns_;
};

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_SUPPRESSIONS_H_
