// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/matrix.h"

#include <string_view>

#include "fuzz/report/token.h"
#include "model/mm/kernel.h"
#include "model/run/run.h"

namespace hotplug::report {

namespace {

// Calls f(driver, kernel) for each column. The canary is no algorithm: it must always fail.
template <class F>
void ForEachColumn(F f) {
  for (uint32_t driver = 0; driver < drivers::kNrDrivers; ++driver) {
    if (std::string_view(drivers::kDrivers[driver]->name) == "canary") continue;
    for (uint32_t kernel = 0; kernel < mm::kNrKernels; ++kernel) f(driver, kernel);
  }
}

std::string Cell(const scenario::Scenario& s) {
  const run::Outcome o = run::Run(s);
  if (o.first() != nullptr) return DedupToken(*o.first(), *drivers::kDrivers[s.driver]);
  return o.stuck_benign ? "stuck(benign)" : run::Name(o.verdict);
}

}  // namespace

std::string MatrixHeader() {
  std::string header = "# SPDX-License-Identifier: GPL-2.0-or-later\nscenario";
  ForEachColumn([&header](uint32_t driver, uint32_t kernel) {
    header += std::string("\t") + drivers::kDrivers[driver]->name + "@" + mm::kKernels[kernel].name;
  });
  return header + "\n";
}

std::string MatrixRow(const std::string& name, const scenario::Scenario& s) {
  std::string row = name;
  ForEachColumn([&](uint32_t driver, uint32_t kernel) {
    scenario::Scenario cell = s;
    cell.driver = static_cast<uint8_t>(driver);
    cell.machine.kernel = static_cast<uint8_t>(kernel);
    row += "\t" + Cell(cell);
  });
  return row + "\n";
}

}  // namespace hotplug::report
