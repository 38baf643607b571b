// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/results/results.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "fuzz/report/report.h"
#include "fuzz/report/token.h"
#include "model/scenario/spec.h"

namespace hotplug::results {

Result Unreadable(const std::string& file, absl::string_view why) {
  Result r;
  r.file = file;
  r.unreadable = std::string(why);
  return r;
}

Result RunScenario(const std::string& file, const scenario::Scenario& s,
                   const run::RunOptions& options) {
  Result r;
  r.file = file;
  run::Outcome outcome;
  const drivers::Driver& driver = report::DriverOf(s, options);
  run::Run(s, options, &outcome);
  r.driver = report::DriverName(s, options);
  r.verdict = outcome.verdict;
  if (r.verdict == run::Verdict::kOk) return r;

  r.report = report::Explain(s, options, &outcome);
  for (const End& end : kEnds) {
    if (end.verdict != r.verdict) continue;
    r.rule = invariants::kNrInvariants + static_cast<uint32_t>(&end - kEnds);
    r.token = end.id;
    r.sentence = end.sentence;
  }
  if (const invariants::Violation* v = outcome.first()) {
    r.rule = static_cast<uint32_t>(v->id) - 1;
    r.token = report::DedupToken(*v, driver);
    r.sentence = invariants::kInvariants[r.rule].sentence;
    const std::string numbers = report::ExpectedAndFound(*v);
    if (!numbers.empty()) absl::StrAppend(&r.sentence, "; ", numbers);
  }
  return r;
}

std::vector<Result> Distinct(const std::vector<Result>& results) {
  std::map<std::string, const Result*> smallest;
  for (const Result& r : results) {
    const Result*& best = smallest.emplace(r.token, &r).first->second;
    if (r.size < best->size) best = &r;
  }
  std::vector<Result> distinct;
  for (const Result& r : results) {
    if (r.token.empty() || smallest[r.token] == &r) distinct.push_back(r);
  }
  return distinct;
}

}  // namespace hotplug::results
