// SPDX-License-Identifier: GPL-2.0-or-later
//
// The corrected algorithm. Method: the scenarios of all findings, of all legal runs and generated
// ones, with the driver exchanged. Goal: nothing is wrong but what no driver can help, and the
// driver is not clean by doing nothing.
#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "model/scenario/generate.h"
#include "regress/unit/checked.h"
#include "regress/unit/harness.h"

namespace hotplug {
namespace {

using run::Outcome;

uint8_t Hardened() {
  for (uint32_t row = 0; row < drivers::kNrDrivers; ++row) {
    if (std::string("hardened") == drivers::kDriverNames[row]) return static_cast<uint8_t>(row);
  }
  FAIL("there is no such driver");
  return 0;
}

Outcome RunFile(const std::filesystem::path& path) {
  scenario::Scenario s = testing::Load(path).scenario;
  s.driver = Hardened();
  return run::Run(s, run::RunOptions{});
}

std::string Broken(const Outcome& o) {
  return o.first() == nullptr ? "" : invariants::Name(o.first()->id);
}

// What only another core cures: a page that is freed late, an answer that hides CANCEL, an
// isolation that others undo among themselves, an entry that cannot be split, poison that hides who
// uses a page, a free chunk that is isolated in part, a range that is gone when it is isolated.
const std::map<std::string, std::string> kOfTheCore = {{"late-free", "I13"},
                                                       {"stop-hides-cancel", "I9"},
                                                       {"isolation-undone-no-driver-6.1", "K1"},
                                                       {"resource-stays", "I8"},
                                                       {"poisoned-page-offlined", "I3"},
                                                       {"range-removed", "I5"},
                                                       {"range-offline-debug_vm", "K2"},
                                                       {"counted-twice", "I11"},
                                                       {"counted-twice-online-6.1", "I11"},
                                                       {"isolation-overwritten-6.1", "I10"}};

// The same for any scenario, by what it takes.
bool MayBeOfTheCore(const scenario::Scenario& s, const std::string& broken) {
  if (broken == "I9" || broken == "I13") return true;
  if (broken == "I8") {
    return std::any_of(s.faults.begin(), s.faults.end(), [](const scenario::Fault& f) {
      return f.site == scenario::FaultSite::kReleaseMemRegion;
    });
  }
  if (broken == "I10" || broken == "I11") {
    if (s.machine.max_order > s.machine.pageblock_order) return true;
  }
  const auto does = [&s](scenario::OpKind kind) {
    return std::any_of(s.ops.begin(), s.ops.end(),
                       [kind](const scenario::Op& op) { return op.kind == kind; });
  };
  if (broken == "I10" || broken == "K1" || broken == "K2")
    return does(scenario::OpKind::kAllocContig);
  if (broken == "I5") {
    return does(scenario::OpKind::kAllocContig) && does(scenario::OpKind::kRemove);
  }
  const bool in_use = broken == "I1" || broken == "I3" || broken == "I6";
  return in_use && does(scenario::OpKind::kPoison);
}

TEST_CASE("hardened survives the findings, but for those of the core", "[hardened]") {
  uint32_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("regress/crashes")) {
    if (entry.path().extension() != ".scn") continue;
    ++files;
    const auto core = kOfTheCore.find(entry.path().stem().string());
    INFO(entry.path().string());
    CHECK(Broken(RunFile(entry.path())) == (core == kOfTheCore.end() ? "" : core->second));
  }
  CHECK(files >= 19);
}

TEST_CASE("hardened is silent about legal runs", "[hardened]") {
  for (const auto& entry : std::filesystem::directory_iterator("regress/legal")) {
    INFO(entry.path().string());
    CHECK(RunFile(entry.path()).nr_violations == 0);
  }
}

// The last write of `enable` of a run, if it asked for memory and did not fail.
bool TookMemory(const scenario::Scenario& s) {
  for (uint32_t i = 0; i < s.ops.size; ++i) {
    const bool asks = s.ops[i].kind == scenario::OpKind::kWriteEnable && s.ops[i].value != 0;
    if (asks && run::ResultOf(i).done == 1 && run::ResultOf(i).rc == 0) return true;
  }
  return false;
}

TEST_CASE("hardened survives generated scenarios, but for what is the core's", "[hardened]") {
  constexpr uint64_t kSeeds = testing::kChecked ? 2000 : 20000;
  scenario::GenerateOptions options;
  options.nr_drivers = drivers::kNrDrivers;
  options.nr_kernels = run::Names().nr_kernels;
  options.driver = Hardened();
  uint64_t took = 0, removed = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const scenario::Scenario s = scenario::Generate(seed, options);
    const Outcome o = run::Run(s, run::RunOptions{});
    const std::string broken = Broken(o);
    INFO("seed " << seed);
    CHECK((broken.empty() || MayBeOfTheCore(s, broken)));
    if (!TookMemory(s)) continue;
    ++took;
    const auto absent = [](const run::BlockEnd& b) { return b.state == 0; };
    const auto& blocks = run::BlocksAtEnd();
    removed += std::any_of(blocks.begin(), blocks.end(), absent) ? 1 : 0;
  }
  CHECK(took > kSeeds / 4);
  CHECK(removed > kSeeds / 20);
}

}  // namespace
}  // namespace hotplug
