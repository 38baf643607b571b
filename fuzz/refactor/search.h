// SPDX-License-Identifier: GPL-2.0-or-later
//
// A violation that is expected and does not show any more: where in the neighbourhood of its
// schedule it has gone.
#ifndef FUZZ_REFACTOR_SEARCH_H_
#define FUZZ_REFACTOR_SEARCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "model/run/run.h"

namespace hotplug::refactor {

inline constexpr uint32_t kSearchReach = 8;
inline constexpr uint32_t kMaxSearchRuns = 20000;

// The lines of a scenario's text that say the schedule.
std::vector<std::string> ScheduleLines(const std::string& text);

// The DEDUP_TOKEN in the first line of an `expect` block or a summary; empty without one.
std::string TokenIn(const std::vector<std::string>& expect);

struct Search {
  enum class Result {
    kNothing,
    kToken,       // the same DEDUP_TOKEN, but another line is different
    kAsExpected,  // every line
  };
  Result result = Result::kNothing;
  scenario::Scenario scenario;  // with the schedule that was found
  uint32_t tried = 0;           // schedules
  bool complete = false;        // these are all
};

// Looks for a schedule near that of `s` with the token of `expect`: the nearest one with which
// everything is as expected, or else the nearest one.
Search FindAgain(const scenario::Scenario& s, const std::vector<std::string>& expect);

// The entries of the schedule that did not do what they say, a sentence for each. About this
// thread's last run, which was of `s` and kept its trace.
std::vector<std::string> WithoutEffect(const scenario::Scenario& s);

// The schedule as the lines of a text, with their comments. Runs the scenario.
std::vector<std::string> AtLines(const scenario::Scenario& s);

}  // namespace hotplug::refactor

#endif  // FUZZ_REFACTOR_SEARCH_H_
