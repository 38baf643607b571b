// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two builds and the same scenarios: does anything that can be seen from outside differ? What can
// be seen are the lines of an `expect` block (fuzz/report/expect.h): results, notifier events,
// kernel messages, the verdict, memory blocks at the end. Steps and digests cannot.
//
//   Comparison c(old_build, new_build);
//   if (c.Compare(cases, done).ok()) ... c.count(Relation::kDifferent) ...
#ifndef FUZZ_REFACTOR_COMPARE_H_
#define FUZZ_REFACTOR_COMPARE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/scenario/scenario.h"

namespace hotplug::refactor {

using Summary = std::vector<std::string>;  // the lines of an `expect` block

// What a build says to the text of a scenario: what became of it, or why it cannot read it.
struct Answer {
  Summary summary;
  std::string refusal;
  bool died = false;  // the build did, and the summary is a line that says how
};
// The answers to the texts, in their order. An error is one of the build as a whole.
using Build =
    std::function<absl::StatusOr<std::vector<Answer>>(const std::vector<std::string>& texts)>;

struct Case {
  std::string name;
  scenario::Scenario scenario;
};

enum class Relation : uint8_t {
  kSame,           // the same lines
  kSameSet,        // not with this schedule, but near it the same things happen
  kDifferent,      // one build does something near this schedule that the other one does not
  kNotComparable,  // there is no telling
};
inline constexpr uint32_t kRelations = 4;
const char* Name(Relation r);

// The first line in which two summaries differ; `line` counts from 0.
struct LineDifference {
  size_t line;
  std::string old_line;  // "(nothing more)" behind the end
  std::string new_line;
};
// Precondition: they differ.
LineDifference FirstDifference(const Summary& old_summary, const Summary& new_summary);

// The line with every number in it replaced by N: "event user-N MEM_OFFLINE memoryN A = N".
std::string Masked(const std::string& line);

// What both builds do on the neighbours of one schedule, in the order of the neighbours.
struct Outcomes {
  std::vector<Summary> old_side;
  std::vector<Summary> new_side;
  std::vector<uint32_t> distance;
  bool complete = true;  // this is everything that a shift of scheduling points may come to
};
struct SetRelation {
  Relation relation;
  size_t witness;  // not the same: the first neighbour with an outcome that only one side has
};
// How the sets of outcomes relate. At the edge of the neighbourhood an outcome may be missing
// because it has moved out of it, so only those of the inner half have to be on the other side.
// If the outcomes are not complete, only equal sets say something.
SetRelation CompareSets(const Outcomes& o);

// Differences with the same lines but for numbers.
struct Kind {
  Relation relation;
  std::string first;       // the name of the first scenario
  std::string difference;  // in it: lines for the reader
  std::string text;        // the text that shows it
  uint32_t scenarios = 0;
};

class Comparison {
 public:
  Comparison(Build old_build, Build new_build);

  // Calls `done` behind each case. May be called again, for further cases.
  absl::Status Compare(const std::vector<Case>& cases, const std::function<void()>& done);

  uint32_t count(Relation r) const { return counts_[static_cast<uint32_t>(r)]; }
  // In the order in which they were found.
  const std::vector<Kind>& kinds() const { return kinds_; }

 private:
  absl::Status CompareOne(const Case& c, const Answer& old_answer, const Answer& new_answer);
  absl::Status Explore(const Case& c, const LineDifference& own);
  void Count(const std::string& key, const Kind& kind);

  Build old_;
  Build new_;
  std::array<uint32_t, kRelations> counts_{};
  std::vector<Kind> kinds_;
  std::map<std::string, size_t> index_;  // of kinds_, by the masked lines
  // Explorations that found the difference to be one, by the masked lines.
  std::map<std::string, uint32_t> settled_;
};

}  // namespace hotplug::refactor

#endif  // FUZZ_REFACTOR_COMPARE_H_
