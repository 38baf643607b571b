// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/cures.h"

#include "fuzz/report/matrix.h"
#include "fuzz/report/token.h"
#include "model/run/run.h"

namespace hotplug::report {

namespace {

// The calls that findings are about have fewer scheduling points than this.
constexpr uint16_t kSteps = 80;

// Whatever it is anchored at.
scenario::Preemption AtStep(const scenario::Preemption& p) {
  return {.task = p.task, .other = p.other};
}

void AddToken(const scenario::Scenario& s, std::set<std::string>* tokens) {
  const run::Outcome o = run::Run(s);
  if (o.first() != nullptr) tokens->insert(DedupToken(*o.first(), *drivers::kDrivers[s.driver]));
}

}  // namespace

std::set<std::string> TokensNear(scenario::Scenario s) {
  std::set<std::string> tokens;
  AddToken(s, &tokens);
  for (scenario::Preemption& p : s.schedule) {
    const scenario::Preemption old = p;
    p = AtStep(old);
    for (p.step = 1; p.step <= kSteps; ++p.step) AddToken(s, &tokens);
    p = old;
  }
  if (s.schedule.size < 2) return tokens;
  for (uint32_t i : {0, 1}) s.schedule[i] = AtStep(s.schedule[i]);
  uint16_t& first = s.schedule[0].step;
  uint16_t& second = s.schedule[1].step;
  for (first = 1; first <= kSteps; ++first) {
    for (second = 1; second <= kSteps; ++second) AddToken(s, &tokens);
  }
  return tokens;
}

std::vector<std::string> Cures(const scenario::Scenario& s) {
  const std::string token = MatrixCell(s, {});
  std::vector<std::string> cures;
  for (const Column& column : MatrixColumns()) {
    if (column.fix.empty() || MatrixCell(s, column) != "ok") continue;
    if (!TokensNear(*InColumn(s, column)).contains(token)) cures.push_back(column.name);
  }
  return cures;
}

}  // namespace hotplug::report
