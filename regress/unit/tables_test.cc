// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tables that pages repeat. Goal: what a page says of a row is what the code says, and no row is
// missing or left over. Method: each row as the page has to have it, up to the columns that only
// the page has.
#include <fstream>
#include <string>
#include <vector>

#include "model/mm/kernel.h"
#include "model/scenario/words.h"
#include "regress/unit/catch.h"

namespace hotplug {
namespace {

using Strings = std::vector<std::string>;

// The first `columns` cells of each row of the page's table with this header, which is the first.
Strings TableIn(const std::string& page, const std::string& header, uint32_t columns) {
  std::ifstream in(page);
  Strings rows;
  for (std::string line; std::getline(in, line);) {
    const size_t begin = line.find_first_not_of(' ');
    if (begin != std::string::npos) line.erase(0, begin);
    if (rows.empty() && line.rfind(header, 0) != 0) continue;
    if (line.empty() || line[0] != '|') break;
    if (line.rfind("|---", 0) == 0) continue;
    size_t end = 0;
    for (uint32_t i = 0; i < columns; ++i) end = line.find('|', end + 1);
    rows.push_back(line.substr(0, end + 1));
  }
  return rows;
}

std::string Row(const Strings& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + " |";
  return row;
}

TEST_CASE("the page of the kernels has the table of switches") {
  Strings header = {"switch"};
  for (const mm::Kernel& k : mm::kKernels) header.emplace_back(k.name);
  Strings rows = {Row(header)};
  for (const mm::KernelSwitch& s : mm::kKernelSwitches) {
    Strings cells = {"`" + std::string(s.name) + "`: " + s.sentence};
    for (const mm::Kernel& k : mm::kKernels) cells.emplace_back(k.*s.value ? "yes" : "no");
    rows.push_back(Row(cells));
  }
  CHECK(TableIn("docs/fidelity.md", rows[0], 1 + mm::kNrKernels) == rows);
}

TEST_CASE("the page of the text form has the table of injected faults") {
  Strings rows = {Row({"SITE", "errno", "the call"})};
  for (uint32_t i = 0; i < mm::kFaultSites; ++i) {
    const mm::FaultSiteRow& site = mm::kFaultSiteRows[i];
    std::string errnos;
    for (const uint8_t error : mm::FaultErrnos(static_cast<mm::FaultSite>(i))) {
      errnos += (errnos.empty() ? "-" : ", -") + std::string(scenario::kErrnoWords[error - 1u]);
    }
    rows.push_back(Row({"`" + std::string(site.name) + "`", errnos, site.meaning}));
  }
  CHECK(TableIn("docs/scenario-format.md", rows[0], 3) == rows);
}

}  // namespace
}  // namespace hotplug
