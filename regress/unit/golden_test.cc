// SPDX-License-Identifier: GPL-2.0-or-later
//
// The golden scenarios (docs/kernel-facts.md section 12) and those of the findings
// (docs/findings.md): what each must come to under the driver that it names, event by event
// and page by page. Method: every file of regress/golden and regress/crashes is run to its
// end, and what it did is compared with its `expect` block. For a golden scenario there is a
// second file where CONFIG_DEBUG_VM makes a difference; elsewhere it must make none.
#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/report/expect.h"
#include "regress/unit/harness.h"

namespace hotplug {
namespace {

namespace fs = std::filesystem;
using testing::Load;
using testing::Scenarios;

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void CheckExpected(const scenario::File& file) {
  CHECK(Joined(report::SummaryOf(file.scenario)) == Joined(file.expect));
}

// Two files are about the two settings of CONFIG_DEBUG_VM: X.scn and X-debug_vm.scn.
bool HasSibling(const fs::path& path) {
  const std::string stem = path.stem().string();
  return stem.find("-debug_vm") != std::string::npos ||
         fs::exists(path.parent_path() / (stem + "-debug_vm.scn"));
}

TEST_CASE("golden scenarios end as they must") {
  const std::vector<fs::path> files = Scenarios("regress/golden");
  REQUIRE(files.size() >= 14);
  for (const fs::path& path : files) {
    scenario::File file = Load(path);
    INFO(path.string());
    CheckExpected(file);
    if (HasSibling(path)) continue;
    file.scenario.machine.debug_vm = !file.scenario.machine.debug_vm;
    INFO("with the other setting of debug_vm");
    CheckExpected(file);
  }
}

TEST_CASE("findings fail as they must") {
  const std::vector<fs::path> files = Scenarios("regress/crashes");
  REQUIRE(files.size() >= 15);
  for (const fs::path& path : files) {
    INFO(path.string());
    CheckExpected(Load(path));
  }
}

}  // namespace
}  // namespace hotplug
