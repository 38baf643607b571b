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
  uint32_t rule = 0;  // row of kInvariants, or kNrInvariants + that of kEnds
  std::string token;
  std::string sentence;
  std::string report;
};

// How a run ends without coming to its end: an id in place of an invariant's, and what it asks for.
struct End {
  run::Verdict verdict;
  const char* id;
  const char* sentence;
};
inline constexpr End kEnds[] = {
    {run::Verdict::kLimit, "limit", "the run ends within the step limit"},
    {run::Verdict::kNotSimulated, "not-simulated", "all that the run comes to is simulated"},
};

// Runs the scenario of a file.
Result RunScenario(const std::string& file, const scenario::Scenario& s,
                   const run::RunOptions& options);
Result Unreadable(const std::string& file, absl::string_view why);

// Of the files with one token the smallest, the first of those; and all without a token.
std::vector<Result> Distinct(const std::vector<Result>& results);

}  // namespace hotplug::results

#endif  // FUZZ_RESULTS_RESULTS_H_
