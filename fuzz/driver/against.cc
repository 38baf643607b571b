// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/driver/against.h"

#include <vector>

#include "fuzz/report/expect.h"
#include "fuzz/report/story.h"
#include "model/scenario/ops.h"

namespace hotplug::driver {

namespace {

using Lines = std::vector<std::string>;

// The verdict's line names functions, which two texts call as they like. Memory that is lost is
// I15, and of a file I8 as well: nobody knows whether its call has failed.
std::string VerdictLine(const run::Outcome& o) {
  using invariants::Id;
  std::string line = std::string("verdict ") + run::Name(o.verdict);
  if (o.first() == nullptr) return line;
  const Id id = o.first()->id == Id::kI8 ? Id::kI15 : o.first()->id;
  return line + " " + invariants::Name(id);
}

Lines LinesOf(const scenario::Scenario& s, const drivers::Driver& driver) {
  run::RunOptions options = report::ExpectOptions();
  options.driver = &driver;
  const run::Outcome o = run::Run(s, options);
  Lines lines = report::Summarize(s, o, driver);
  // The first line, and those of other invariants behind it.
  while (lines.size() > 1 && lines[1].compare(0, 5, "then ") == 0) lines.erase(lines.begin() + 1);
  lines[0] = VerdictLine(o);
  return lines;
}

}  // namespace

scenario::Scenario Comparable(scenario::Scenario s) {
  s.schedule = {};
  for (scenario::Op& op : s.ops) {
    if (scenario::Has(op.kind, scenario::Field::kTicks)) op.value = 1;
  }
  return s;
}

std::string FirstDifference(const scenario::Scenario& s, const drivers::Driver& a,
                            const drivers::Driver& b) {
  const Lines x = LinesOf(s, a);
  const Lines y = LinesOf(s, b);
  // What happens behind the same violation is nobody's intention.
  if (x[0] == y[0] && x[0] != "verdict ok") return "";
  return report::FirstDifference({a.name, x}, {b.name, y});
}

}  // namespace hotplug::driver
