// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/refactor/search.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fuzz/refactor/neighbours.h"
#include "fuzz/report/anchors.h"
#include "fuzz/report/expect.h"
#include "fuzz/report/print_trace.h"
#include "fuzz/report/report.h"
#include "fuzz/report/token.h"
#include "model/scenario/print.h"

namespace hotplug::refactor {

namespace {

using Lines = std::vector<std::string>;
using scenario::Scenario;

std::string TokenOf(const Scenario& s) { return report::TokenOf(s, {}, run::Run(s)); }

}  // namespace

Lines ScheduleLines(const std::string& text) {
  Lines lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, "at ")) lines.emplace_back(line);
  }
  return lines;
}

std::string TokenIn(const Lines& expect) {
  if (expect.empty()) return "";
  const Lines words = absl::StrSplit(expect[0], ' ', absl::SkipEmpty());
  const bool fails = words.size() >= 3 && words[0] == "verdict" && words[1] != "ok";
  return fails ? words[2] : "";
}

Search FindAgain(const Scenario& s, const Lines& expect) {
  const std::string token = TokenIn(expect);
  Scenario moved = report::Stepped(s, {});
  const Neighbourhood near = NeighboursOf(moved.schedule, kSearchReach, kMaxSearchRuns);
  Search search;
  search.scenario = s;
  search.complete = near.complete;
  for (const Neighbour& n : near.members) {
    ++search.tried;
    moved.schedule = n.schedule;
    if (TokenOf(moved) != token) continue;
    const bool all = report::SummaryOf(moved) == expect;
    if (!all && search.result == Search::Result::kToken) continue;
    search.result = all ? Search::Result::kAsExpected : Search::Result::kToken;
    search.scenario = moved;
    if (all) break;
  }
  return search;
}

Lines WithoutEffect(const Scenario& s) {
  std::vector<bool> ran(s.schedule.size);
  const std::vector<uint32_t> steps = report::StepsOf(s, report::ExpectOptions());
  run::RunOptions options = report::ExpectOptions();
  options.keep_trace = true;
  run::Run(s, options);
  uint32_t last = s.schedule.size;  // the entry at the point before this one
  report::ForEachRecord(run::Trace(), [&](const sim::Record& r, uint32_t own) {
    if (own == 0) return;
    if (last < s.schedule.size && s.schedule[last].other == r.task) ran[last] = true;
    last = s.schedule.size;
    for (uint32_t i = s.schedule.size; i-- > 0;) {
      if (s.schedule[i].task != r.task || steps[i] != own) continue;
      last = i;  // of two for one place the first counts
    }
  });
  const Lines texts = ScheduleLines(scenario::Print(s, run::Names()));
  Lines sentences;
  for (uint32_t i = 0; i < s.schedule.size; ++i) {
    if (steps[i] == report::kNever) {
      sentences.push_back(absl::StrCat(texts[i], ": never reached"));
    } else if (steps[i] != 0 && !ran[i]) {
      const std::string other = scenario::TaskName(s, s.schedule[i].other);
      sentences.push_back(absl::StrCat(texts[i], ": ", other, " does not run there"));
    }
  }
  return sentences;
}

Lines AtLines(const Scenario& s) {
  const run::RunOptions options = report::ExpectOptions();
  return ScheduleLines(report::CommentedText(report::Anchored(s, options), options));
}

}  // namespace hotplug::refactor
