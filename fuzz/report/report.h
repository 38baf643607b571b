// SPDX-License-Identifier: GPL-2.0-or-later
//
// The report of a run: what failed, who held what, and everything that is needed to run it
// again. docs/reports.md explains every line.
//
//   run::Outcome outcome;
//   const std::string text = report::Explain(scenario, run::RunOptions{}, &outcome);
//   if (outcome.verdict == run::Verdict::kViolation) std::fputs(text.c_str(), stderr);
//
// From its line `scenario 1` on a report is a scenario in the text form.
#ifndef FUZZ_REPORT_REPORT_H_
#define FUZZ_REPORT_REPORT_H_

#include <string>
#include <vector>

#include "model/run/run.h"

namespace hotplug::report {

// What became of a run beyond its first violation, had it gone on.
struct Aftermath {
  std::vector<invariants::Violation> violations;  // without the first
  std::vector<std::string> log;                   // of the kernel
};

// The driver that a run of the scenario with these options drives, and what it is called: with its
// fixes, if the scenario names it.
std::string DriverName(const scenario::Scenario& s, const run::RunOptions& options);
const drivers::Driver& DriverOf(const scenario::Scenario& s, const run::RunOptions& options);
// The DEDUP_TOKEN of what such a run has come to; empty if nothing was violated.
std::string TokenOf(const scenario::Scenario& s, const run::RunOptions& options,
                    const run::Outcome& o);

// The scenario as text, with the event behind which each preemption comes in a run with `options`.
std::string CommentedText(const scenario::Scenario& s, run::RunOptions options);

// Runs the scenario twice, to its end and up to its first violation, and reports on the
// latter. `out` gets its outcome: the one that run::Run() with these options has.
std::string Explain(const scenario::Scenario& s, run::RunOptions options, run::Outcome* out);

// The report on this thread's last run, which had these options and kept its trace.
std::string Report(const scenario::Scenario& s, const run::RunOptions& options,
                   const run::Outcome& o, const Aftermath& after = {});

// What the numbers of a violation say, a line: "count: expected 1 (...), found 2".
std::string ExpectedAndFound(const invariants::Violation& v);

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_REPORT_H_
