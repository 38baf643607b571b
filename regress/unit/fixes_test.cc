// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fixes: how they are named, and what those of the core do. Method: texts with them, whole and
// broken; and one offlining with notifiers that refuse, stop and come late, on a core with and
// without each. Goal: a name that is not known is told with its place, a set of fixes is printed as
// it was read, and each fix of the core changes what it says. What the fixes of drivers cure is in
// family_test.cc.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/mm/kernel.h"
#include "model/mm/resource.h"
#include "model/scenario/bytes.h"
#include "model/scenario/print.h"
#include "model/scenario/spec.h"
#include "regress/unit/harness.h"

namespace hotplug {
namespace {

using testing::Deliveries;
using testing::Strings;

std::string ScenarioText(const std::string& driver, const std::string& kernel,
                         const std::string& body) {
  return absl::StrCat("scenario 1\ndriver ", driver, "\nmachine kernel=", kernel,
                      " debug_vm=off auto_online=off pages_per_block=4 pageblock_pages=4 "
                      "max_order=2\nmemory 4-7 node=0 zone=Normal\n",
                      body);
}

std::string ErrorOf(const std::string& text) {
  const auto file = scenario::Parse(text, "f.scn", run::Names());
  return file.ok() ? "" : std::string(file.status().message());
}

void Begins(const std::string& text, const std::string& with) {
  INFO(text);
  CHECK(text.substr(0, with.size()) == with);
}

const char kTask[] = "task user-1\n  write memory5/state offline\n";

TEST_CASE("fixes that a file name ends in are taken off it", "[fixes]") {
  using mm::CoreFix;
  struct Row {
    const char* word;
    const char* path;
    uint32_t fixes;
  };
  const Row rows[] = {
      {"linux", "linux", 0},
      {"linux+own_test", "linux", CoreFix::kOwnTest.bit},
      {"l+own_test+own_isolation", "l", CoreFix::kOwnTest.bit | CoreFix::kOwnIsolation.bit},
      {"g++/6.1+own_test", "g++/6.1", CoreFix::kOwnTest.bit},
      {"linux+own_test+next", "linux+own_test+next", 0},
      {"linux+own_tests", "linux+own_tests", 0},
  };
  for (const Row& row : rows) {
    INFO(row.word);
    const scenario::Cured cured = scenario::TakeFixes(row.word, mm::kCoreFixes);
    CHECK(cured.path == row.path);
    CHECK(cured.fixes == row.fixes);
  }
}

TEST_CASE("fixes are read in any order and printed in one", "[fixes]") {
  const std::string text = ScenarioText("rfc_v1+errno+retry", "6.1+notify_all+paired", kTask);
  auto file = scenario::Parse(text, "f.scn", run::Names());
  REQUIRE(file.ok());
  CHECK(scenario::Print(file->scenario, run::Names()) == text);
  file = scenario::Parse(ScenarioText("rfc_v1+retry+errno+retry", "6.1+paired+notify_all", kTask),
                         "f.scn", run::Names());
  REQUIRE(file.ok());
  CHECK(scenario::Print(file->scenario, run::Names()) == text);
  std::vector<uint8_t> bytes;
  CHECK(std::string(scenario::Encode(file->scenario, &bytes)) == "the byte form has no fixes");
  file->scenario.fixes = uint32_t{1} << 31;
  CHECK(std::string(scenario::Invalid(file->scenario, run::Names())) ==
        "there is no such fix of the driver");
  file->scenario.machine.fixes = uint32_t{1} << 31;
  CHECK(std::string(scenario::Invalid(file->scenario, run::Names())) ==
        "there is no such fix of the core");
}

TEST_CASE("a fix that is not known is told with its place", "[fixes]") {
  Begins(ErrorOf(ScenarioText("rfc_v1+errno+mutxe", "rfc", kTask)),
         "f.scn:2:21: expected a fix (size_first, mutex, files_first, ");
  Begins(ErrorOf(ScenarioText("rfc_v1+", "rfc", kTask)),
         "f.scn:2:15: expected a fix (size_first, ");
  Begins(ErrorOf(ScenarioText("rfc_v1++mutex", "rfc", kTask)),
         "f.scn:2:15: expected a fix (size_first, ");
  Begins(ErrorOf(ScenarioText("+mutex", "rfc", kTask)), "f.scn:2:8: expected a driver (rfc_v1, ");
  // Each driver has its own, and the core has others.
  Begins(ErrorOf(ScenarioText("legacy+errno", "rfc", kTask)),
         "f.scn:2:15: expected a fix (size_first, mutex, files_first, clear, all_nodes, bounded)");
  Begins(ErrorOf(ScenarioText("hardened+mutex", "rfc", kTask)), "f.scn:2:17: expected a fix ()");
  Begins(ErrorOf(ScenarioText("rfc_v1", "rfc+mutex", kTask)),
         "f.scn:3:20: expected a fix (notify_all, paired, robust, own_isolation, ");
}

// The first run with a fix on a machine that has just been one without.
TEST_CASE("a machine is not taken for the same one with a fix", "[fixes]") {
  const std::string body = "fault ioremap nth=1 -ENOMEM\n";
  const std::string task =
      "task memtrace-1\n  write memtrace/enable 0x10000000\n  read memtrace/enable\n";
  for (const char* driver : {"rfc_v1", "rfc_v1+size_first", "rfc_v1"}) {
    testing::RunText(ScenarioText(driver, "rfc", task + body));
    const bool fixed = std::string(driver) != "rfc_v1";
    CHECK(run::ResultOf(1).value == (fixed ? 0x10000000u : 0u));
  }
  const std::string stop =
      "notifier A priority=1\n  answer MEM_CANCEL_OFFLINE NOTIFY_STOP\n"
      "notifier B priority=0\n  answer MEM_GOING_OFFLINE NOTIFY_BAD\n";
  for (const char* kernel : {"rfc", "rfc+notify_all", "rfc"}) {
    testing::RunText(ScenarioText("rfc_v1", kernel, stop + kTask));
    CHECK(Deliveries().size() == (std::string(kernel) == "rfc" ? 3u : 4u));
  }
}

// ---- The core ---------------------------------------------------------------------------

// What A (first), B, which refuses, and C (last) are told.
const std::string kRefused =
    "notifier A priority=1\n"
    "notifier B priority=0\n  answer MEM_GOING_OFFLINE NOTIFY_BAD\n"
    "notifier C priority=-1\n";

Strings Told(const std::string& kernel, const std::string& body) {
  const run::Outcome o = testing::RunText(ScenarioText("rfc_v1", kernel, body));
  CHECK(o.nr_violations == 0);
  return Deliveries();
}

TEST_CASE("a cancel goes to all, to those who were asked, or to those who agreed", "[fixes]") {
  const std::string body = kRefused + kTask;
  const Strings going = {"MEM_GOING_OFFLINE 5 A", "MEM_GOING_OFFLINE 5 B"};
  const auto and_then = [&going](const Strings& rest) {
    Strings all = going;
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  };
  CHECK(Told("rfc", body) ==
        and_then({"MEM_CANCEL_OFFLINE 5 A", "MEM_CANCEL_OFFLINE 5 B", "MEM_CANCEL_OFFLINE 5 C"}));
  CHECK(Told("rfc+paired", body) == and_then({"MEM_CANCEL_OFFLINE 5 A", "MEM_CANCEL_OFFLINE 5 B"}));
  CHECK(Told("rfc+robust", body) == and_then({"MEM_CANCEL_OFFLINE 5 A"}));
  CHECK(run::BlocksAtEnd()[1].free == 4);
}

TEST_CASE("onlining is cancelled like offlining", "[fixes]") {
  const std::string body =
      "notifier A priority=1\n"
      "notifier B priority=0\n  answer MEM_GOING_ONLINE NOTIFY_BAD\n"
      "notifier C priority=-1\n"
      "task user-1\n  write memory5/state offline\n  write memory5/state online\n";
  const auto last = [](const Strings& all, size_t n) {
    return Strings(all.end() - static_cast<std::ptrdiff_t>(n), all.end());
  };
  CHECK(last(Told("rfc", body), 4) == Strings{"MEM_GOING_ONLINE 5 B", "MEM_CANCEL_ONLINE 5 A",
                                              "MEM_CANCEL_ONLINE 5 B", "MEM_CANCEL_ONLINE 5 C"});
  CHECK(last(Told("rfc+paired", body), 3) ==
        Strings{"MEM_GOING_ONLINE 5 B", "MEM_CANCEL_ONLINE 5 A", "MEM_CANCEL_ONLINE 5 B"});
  CHECK(last(Told("rfc+robust", body), 2) ==
        Strings{"MEM_GOING_ONLINE 5 B", "MEM_CANCEL_ONLINE 5 A"});
}

TEST_CASE("an offlining that fails later is cancelled for everybody who was asked", "[fixes]") {
  const Strings cancelled = {"MEM_GOING_OFFLINE 5 A", "MEM_GOING_OFFLINE 5 B",
                             "MEM_CANCEL_OFFLINE 5 A", "MEM_CANCEL_OFFLINE 5 B"};
  for (const char* kernel : {"rfc", "rfc+paired", "rfc+robust", "rfc+notify_all"}) {
    uint32_t seen = 0;
    for (uint32_t step = 1; step < 40; ++step) {
      const std::string body = "notifier A priority=1\nnotifier B priority=0\n" +
                               std::string(kTask) + "task kill-2\n  kill user-1 SIGINT\n" +
                               absl::StrCat("at user-1 ", step, " run kill-2\n");
      seen += Told(kernel, body) == cancelled ? 1 : 0;
    }
    INFO(kernel);
    CHECK(seen > 0);
  }
}

TEST_CASE("no answer keeps the end of an operation from the others", "[fixes]") {
  const std::string body =
      "notifier A priority=1\n  answer MEM_OFFLINE NOTIFY_STOP\n  answer MEM_ONLINE NOTIFY_BAD\n"
      "notifier B priority=0\n"
      "task user-1\n  write memory5/state offline\n  write memory5/state online\n";
  CHECK(Told("rfc", body) == Strings{"MEM_GOING_OFFLINE 5 A", "MEM_GOING_OFFLINE 5 B",
                                     "MEM_OFFLINE 5 A", "MEM_GOING_ONLINE 5 A",
                                     "MEM_GOING_ONLINE 5 B", "MEM_ONLINE 5 A"});
  CHECK(Told("rfc+notify_all", body) == Strings{"MEM_GOING_OFFLINE 5 A", "MEM_GOING_OFFLINE 5 B",
                                                "MEM_OFFLINE 5 A", "MEM_OFFLINE 5 B",
                                                "MEM_GOING_ONLINE 5 A", "MEM_GOING_ONLINE 5 B",
                                                "MEM_ONLINE 5 A", "MEM_ONLINE 5 B"});
  // But a refusal still is one.
  CHECK(Told("rfc+notify_all", kRefused + kTask) == Told("rfc", kRefused + kTask));
}

TEST_CASE("a range over several resources is released whole", "[fixes]") {
  for (const bool fixed : {false, true}) {
    mm::BootConfig boot = testing::SmallBoot();
    if (fixed) boot.core_fixes = mm::CoreFix::kEveryEntry.bit;
    testing::Rig rig(boot);
    bool released = false;
    rig.Do([&] {
      using mm::BlockId;
      for (const uint32_t b : {4u, 5u}) {
        mm::release_mem_region_adjustable(BlockId{b}, 1);
        mm::request_resource(BlockId{b}, 1);
      }
      released = mm::release_mem_region_adjustable(BlockId{4}, 2) == 0;
      for (const uint32_t b : {4u, 5u}) CHECK((mm::BlockAt(BlockId{b}).resource == 0) == fixed);
    });
    CHECK(released == fixed);
  }
}

}  // namespace
}  // namespace hotplug
