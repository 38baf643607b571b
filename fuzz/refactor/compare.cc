// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/refactor/compare.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "fuzz/refactor/neighbours.h"
#include "fuzz/report/expect.h"
#include "model/run/run.h"
#include "model/scenario/print.h"
#include "model/sim/tracepoints.h"

namespace hotplug::refactor {

namespace {

constexpr size_t kBatch = 1024;  // scenarios for which a build is started once
// All neighbours of up to three preemptions.
constexpr uint32_t kReach = 4;
constexpr size_t kMaxNeighbours = 700;
// The neighbourhood is explored until so many scenarios with the same differing lines turned out
// to be different; further ones are taken to be so too.
constexpr uint32_t kEnoughOfAKind = 4;

std::string TextOf(const scenario::Scenario& s) { return scenario::Print(s, run::Names()); }

// Whether the number of steps decides more than where preemptions are: somebody sleeps, or polls a
// lock, or the run ends at the step limit. As this build has it: the other one does near a schedule
// what this one does near it.
bool StepsDecide(const scenario::Scenario& s) {
  const run::Outcome o = run::Run(s, report::ExpectOptions());
  const auto& records = run::Trace();
  return o.steps >= kMaxSteps ||
         std::any_of(records.begin(), records.end(),
                     [](const sim::Record& r) { return r.tp == sim::kTpSleep; });
}

bool StepsDecideNear(scenario::Scenario s, const Neighbourhood& near) {
  return std::any_of(near.members.begin(), near.members.end(), [&s](const Neighbour& n) {
    s.schedule = n.schedule;
    return StepsDecide(s);
  });
}

std::string KeyOf(const LineDifference& d) {
  return Masked(d.old_line) + "\n" + Masked(d.new_line);
}

std::string Show(const LineDifference& d) {
  return absl::StrCat("line ", d.line + 1, "\n  OLD: ", d.old_line, "\n  NEW: ", d.new_line);
}

// What the build does on each text; a text that it does not know is an error here.
absl::StatusOr<std::vector<Summary>> Summaries(const Build& build,
                                               const std::vector<std::string>& texts) {
  const absl::StatusOr<std::vector<Answer>> answers = build(texts);
  if (!answers.ok()) return answers.status();
  std::vector<Summary> summaries;
  for (const Answer& a : *answers) {
    if (!a.refusal.empty())
      return absl::InternalError(absl::StrCat(
          "no answer to a text that differs from a known one by its schedule: ", a.refusal));
    summaries.push_back(a.summary);
  }
  return summaries;
}

}  // namespace

const char* Name(Relation r) {
  constexpr const char* kNames[kRelations] = {"same", "same by the set of outcomes", "different",
                                              "not comparable"};
  return kNames[static_cast<uint32_t>(r)];
}

LineDifference FirstDifference(const Summary& old_summary, const Summary& new_summary) {
  const auto line = [](const Summary& s, size_t i) {
    return i < s.size() ? s[i] : std::string("(nothing more)");
  };
  size_t i = 0;
  while (line(old_summary, i) == line(new_summary, i)) ++i;
  return {i, line(old_summary, i), line(new_summary, i)};
}

std::string Masked(const std::string& line) {
  std::string masked;
  for (size_t i = 0; i < line.size();) {
    if (!absl::ascii_isdigit(line[i])) {
      masked += line[i++];
      continue;
    }
    const bool hex = line.compare(i, 2, "0x") == 0;
    if (hex) i += 2;
    while (i < line.size() && (hex ? absl::ascii_isxdigit(line[i]) : absl::ascii_isdigit(line[i])))
      ++i;
    masked += 'N';
  }
  return masked;
}

SetRelation CompareSets(const Outcomes& o) {
  const std::set<Summary> old_set(o.old_side.begin(), o.old_side.end());
  const std::set<Summary> new_set(o.new_side.begin(), o.new_side.end());
  if (old_set == new_set) return {Relation::kSameSet, 0};
  const uint32_t inner = o.complete ? o.distance.back() / 2 : o.distance.back();
  for (size_t i = 0; i < o.distance.size() && o.distance[i] <= inner; ++i) {
    if (new_set.contains(o.old_side[i]) && old_set.contains(o.new_side[i])) continue;
    return {o.complete ? Relation::kDifferent : Relation::kNotComparable, i};
  }
  return {Relation::kSameSet, 0};
}

Comparison::Comparison(Build old_build, Build new_build)
    : old_(std::move(old_build)), new_(std::move(new_build)) {}

absl::Status Comparison::Compare(const std::vector<Case>& cases,
                                 const std::function<void()>& done) {
  for (size_t begin = 0; begin < cases.size(); begin += kBatch) {
    const size_t end = std::min(begin + kBatch, cases.size());
    std::vector<std::string> texts;
    for (size_t i = begin; i < end; ++i) texts.push_back(TextOf(cases[i].scenario));
    const absl::StatusOr<std::vector<Answer>> old_answers = old_(texts);
    if (!old_answers.ok()) return old_answers.status();
    const absl::StatusOr<std::vector<Answer>> new_answers = new_(texts);
    if (!new_answers.ok()) return new_answers.status();
    for (size_t i = begin; i < end; ++i) {
      const absl::Status status =
          CompareOne(cases[i], (*old_answers)[i - begin], (*new_answers)[i - begin]);
      if (!status.ok()) return status;
      done();
    }
  }
  return absl::OkStatus();
}

absl::Status Comparison::CompareOne(const Case& c, const Answer& old_answer,
                                    const Answer& new_answer) {
  const bool old_refuses = !old_answer.refusal.empty();
  if (old_refuses || !new_answer.refusal.empty()) {
    const std::string why = absl::StrCat(old_refuses ? "OLD" : "NEW", " does not know the text: ",
                                         old_refuses ? old_answer.refusal : new_answer.refusal);
    Count(Masked(why), {Relation::kNotComparable, c.name, why, ""});
  } else if (old_answer.summary == new_answer.summary) {
    ++counts_[static_cast<uint32_t>(Relation::kSame)];
  } else {
    const LineDifference d = FirstDifference(old_answer.summary, new_answer.summary);
    if (!old_answer.died && !new_answer.died) return Explore(c, d);
    Count(KeyOf(d), {Relation::kDifferent, c.name, Show(d), TextOf(c.scenario)});
  }
  return absl::OkStatus();
}

absl::Status Comparison::Explore(const Case& c, const LineDifference& own) {
  const std::string own_key = KeyOf(own);
  if (settled_[own_key] >= kEnoughOfAKind) {
    Count(own_key, {Relation::kDifferent, c.name, Show(own), TextOf(c.scenario)});
    return absl::OkStatus();
  }
  const Neighbourhood near = NeighboursOf(c.scenario.schedule, kReach, kMaxNeighbours);
  Outcomes outcomes;
  outcomes.complete = near.complete && !StepsDecide(c.scenario);
  scenario::Scenario moved = c.scenario;
  std::vector<std::string> texts;
  for (const Neighbour& n : near.members) {
    moved.schedule = n.schedule;
    texts.push_back(TextOf(moved));
    outcomes.distance.push_back(n.distance);
  }
  absl::StatusOr<std::vector<Summary>> old_side = Summaries(old_, texts);
  if (!old_side.ok()) return old_side.status();
  absl::StatusOr<std::vector<Summary>> new_side = Summaries(new_, texts);
  if (!new_side.ok()) return new_side.status();
  outcomes.old_side = *std::move(old_side);
  outcomes.new_side = *std::move(new_side);

  SetRelation sets = CompareSets(outcomes);
  if (sets.relation == Relation::kSameSet) {
    ++counts_[static_cast<uint32_t>(Relation::kSameSet)];
    return absl::OkStatus();
  }
  if (sets.relation == Relation::kDifferent && StepsDecideNear(c.scenario, near)) {
    sets.relation = Relation::kNotComparable;
  }
  const size_t i = sets.witness;
  const LineDifference d = FirstDifference(outcomes.old_side[i], outcomes.new_side[i]);
  if (sets.relation == Relation::kDifferent && i == 0) ++settled_[own_key];
  Count(KeyOf(d), {sets.relation, c.name, Show(d), texts[i]});
  return absl::OkStatus();
}

void Comparison::Count(const std::string& key, const Kind& kind) {
  ++counts_[static_cast<uint32_t>(kind.relation)];
  const auto [at, is_new] =
      index_.try_emplace(absl::StrCat(Name(kind.relation), "\n", key), kinds_.size());
  if (is_new) kinds_.push_back(kind);
  ++kinds_[at->second].scenarios;
}

}  // namespace hotplug::refactor
