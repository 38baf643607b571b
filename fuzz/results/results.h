// SPDX-License-Identifier: GPL-2.0-or-later
//
// What became of files with scenarios: each was run, or cannot be read.
#ifndef FUZZ_RESULTS_RESULTS_H_
#define FUZZ_RESULTS_RESULTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/run/run.h"

namespace hotplug::results {

struct Result {
  std::string file;
  uint64_t size = 0;       // of the file, in bytes
  std::string unreadable;  // why, or empty
  std::string driver;
  run::Verdict verdict = run::Verdict::kOk;
  // Of a run that did not end well:
  uint32_t rule = 0;  // row of kInvariants, or kNrInvariants for the step limit
  std::string token;
  std::string sentence;
  std::string report;
};

// The id of the step limit in place of an invariant's, and what it asks for.
inline constexpr const char* kLimit = "limit";
inline constexpr const char* kLimitSentence = "the run ends within the step limit";

// Runs the scenario of a file.
Result RunScenario(const std::string& file, const scenario::Scenario& s,
                   const run::RunOptions& options);
Result Unreadable(const std::string& file, absl::string_view why);

// Of the files with one token the smallest, the first of those; and all without a token.
std::vector<Result> Distinct(const std::vector<Result>& results);

}  // namespace hotplug::results

#endif  // FUZZ_RESULTS_RESULTS_H_
