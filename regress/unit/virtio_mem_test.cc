// SPDX-License-Identifier: GPL-2.0-or-later
//
// Debian's virtio_mem.c, unmodified, on a machine with its device. Method: what it is known to do
// when memory is plugged and unplugged, with refusals at every place, and thousands of generated
// scenarios. Goal: a file that its users trust is not accused of anything, but of what it does; a
// change that makes it wrong is found.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/driver/load.h"
#include "fuzz/report/expect.h"
#include "fuzz/report/token.h"
#include "model/mm/kernel.h"
#include "model/run/run.h"
#include "model/scenario/print.h"
#include "model/scenario/text/parse.h"
#include "regress/soak/lawful.h"
#include "regress/unit/driver_file.h"
#include "regress/unit/harness.h"

namespace hotplug {
namespace {

using testing::Changed;
using testing::KernelFile;

constexpr char kPath[] = "drivers/virtio/virtio_mem.c";

// Eight blocks, the upper four of which are the device's: memory8 to memory11. A device block is a
// pageblock.
std::string Machine(const std::string& pageblock_pages, const std::string& auto_online = "on") {
  return "scenario 1\n"
         "driver merged\n"
         "machine kernel=6.1 debug_vm=on auto_online=" +
         auto_online + " pages_per_block=16 pageblock_pages=" + pageblock_pages +
         " max_order=2\n"
         "memory 4-11 node=0 zone=Normal\n";
}

scenario::Scenario Parse(const std::string& text) {
  const auto parsed = scenario::Parse(text, "t.scn", run::Names());
  INFO(text);
  REQUIRE(parsed.ok());
  return parsed->scenario;
}

// Compiled and loaded, for as long as the folder is there.
class File {
 public:
  File(const Cli& cli, const std::string& source, const std::string& flags = "") {
    const std::string object = (cli.folder() / ("f" + std::to_string(nr_++) + ".so")).string();
    const Result r = cli("compile " + source + " -o " + object + " " + flags);
    INFO(r.out);
    REQUIRE(r.code == 0);
    loaded_ = driver::Load(object, "virtio_mem.c");
    REQUIRE(loaded_.error.empty());
  }

  run::RunOptions Options() const {
    run::RunOptions options = report::ExpectOptions();
    options.driver = &loaded_.module->driver();
    return options;
  }
  std::string TokenOf(const scenario::Scenario& s) const {
    const run::Outcome o = run::Run(s, Options());
    return o.first() == nullptr ? "" : report::DedupToken(*o.first(), loaded_.module->driver());
  }
  bool IsClean(const scenario::Scenario& s) const { return TokenOf(s).empty(); }
  // The answers, the log, and the blocks at the end.
  std::string SummaryOf(const scenario::Scenario& s) const {
    std::string all;
    for (const std::string& line : report::SummaryOf(s, Options())) all += line + "\n";
    return all;
  }

 private:
  static inline uint32_t nr_ = 0;
  driver::Loaded loaded_;
};

TEST_CASE("virtio_mem.c plugs and unplugs by parts of blocks", "[shim][virtio_mem]") {
  const std::string source = KernelFile(kPath);
  if (source.empty()) return;
  const Cli cli;
  const std::string program = Machine("4") +
                              "task memtrace-1\n"
                              "  write memtrace/enable 0x18000000\n"
                              "  sleep 90\n"
                              "  write memory8/state offline\n"
                              "  write memory9/state offline\n"
                              "  write memory9/state online_movable\n"
                              "  read memtrace/enable\n";
  for (const std::string compiler : {"gcc", "clang-19"}) {
    const File file(cli, source, "--cc=" + compiler);
    const std::string half = file.SummaryOf(Parse(program));
    Has(half, "verdict ok\n");
    Has(half, "read memtrace/enable = 0x18000000\n");
    Has(half, "log virtio_mem virtio0: requested size: 0x18000000\n");
    Has(half, "write memory8/state offline = 0\n");
    Has(half, "write memory9/state online_movable = 0\n");
    Has(half, "memory8 offline");
    // Half of the block is there, and the driver has the pages of the other half.
    Has(half, "memory9 online free=8 offline=8 counts -1:0 0:8 1:8 2:0 more:0\n");
    Has(half, "memory10 absent");

    const std::string none = file.SummaryOf(Parse(program + "  write memtrace/enable 0\n"));
    Has(none, "verdict ok\n");
    for (const char* block : {"memory8", "memory9", "memory10", "memory11"}) {
      Has(none, std::string(block) + " absent");
    }
  }
}

TEST_CASE("virtio_mem.c survives a refusal at every place", "[shim][virtio_mem]") {
  const std::string source = KernelFile(kPath);
  if (source.empty()) return;
  const Cli cli;
  const File file(cli, source);
  // By sub-blocks, and by big blocks.
  for (const char* pageblock_pages : {"4", "16"}) {
    for (const char* priority : {"10", "-10"}) {
      for (const char* action : {"MEM_GOING_OFFLINE", "MEM_GOING_ONLINE"}) {
        for (const char* answer : {"NOTIFY_BAD", "notifier_from_errno(-EBUSY)"}) {
          for (uint32_t nth = 0; nth <= 4; ++nth) {
            const std::string which = nth == 0 ? "" : " nth=" + std::to_string(nth);
            const std::string text = Machine(pageblock_pages, "off") +
                                     "notifier A priority=" + priority + "\n  answer " + action +
                                     which + " " + answer +
                                     "\n"
                                     "task memtrace-1\n"
                                     "  write memtrace/enable 0x20000000\n"
                                     "  sleep 60\n"
                                     "  write memtrace/enable 0x18000000\n"
                                     "task user-2\n"
                                     "  sleep 50\n"
                                     "  write memory8/state online\n"
                                     "  write memory8/state offline\n"
                                     "  write memory8/state online_movable\n"
                                     "  write memory9/state online\n"
                                     "  write memory9/state offline\n"
                                     "  write memory9/state online\n"
                                     "task memtrace-3\n"
                                     "  after user-2\n"
                                     "  write memtrace/enable 0\n";
            INFO(text);
            CHECK(file.IsClean(Parse(text)));
          }
        }
      }
    }
  }
}

std::string FirstToken(const File& file, uint32_t scenarios) {
  for (uint32_t seed = 0; seed < scenarios; ++seed) {
    const scenario::Scenario s = LawfulScenario(seed);
    const std::string token = file.TokenOf(s);
    if (!token.empty()) return token + "\n" + scenario::Print(s, run::Names());
  }
  return "";
}

TEST_CASE("virtio_mem.c is not accused, and what makes it wrong is found", "[shim][virtio_mem]") {
  constexpr uint32_t kScenarios = 20000;
  const std::string source = KernelFile(kPath);
  if (source.empty()) return;
  const Cli cli;
  const std::string accused = FirstToken(File(cli, source), kScenarios);
  INFO(accused);
  CHECK(accused.empty());

  const auto found = [&](const std::string& name, const std::string& from, const std::string& to) {
    return FirstToken(File(cli, Changed(cli, source, name, from, to)), kScenarios);
  };
  // It asks whether MEM_CANCEL_OFFLINE belongs to a MEM_GOING_OFFLINE that it was told.
  Has(found("cancel.c", "case MEM_CANCEL_OFFLINE:\n\t\tif (!vm->hotplug_active)\n\t\t\tbreak;",
            "case MEM_CANCEL_OFFLINE:"),
      "I14/cancel.c:virtio_mem_memory_notifier_cb");
  Has(found("managed.c", "adjust_managed_page_count(pfn_to_page(pfn), -nr_pages);", ""), "I11/");
  CHECK(!found("plugged.c",
               "virtio_mem_sbm_set_sb_unplugged(vm, mb_id, sb_id, count);\n\treturn rc;",
               ";\n\treturn rc;")
             .empty());
  Has(found("count.c", "page_ref_inc(pfn_to_page(pfn + i));", ";"), "I1/");
}

TEST_CASE("a run of virtio_mem.c leaves nothing behind", "[shim][virtio_mem]") {
  constexpr uint32_t kRuns = 2000;
  const std::string source = KernelFile(kPath);
  if (source.empty()) return;
  const Cli cli;
  const File file(cli, source);
  std::vector<uint64_t> digests;
  digests.reserve(kRuns);
  for (uint32_t seed = 0; seed < kRuns; ++seed) {
    digests.push_back(run::Run(LawfulScenario(seed), file.Options()).digest);
  }
  for (uint32_t seed = kRuns; seed-- > 0;) {
    REQUIRE(run::Run(LawfulScenario(seed), file.Options()).digest == digests[seed]);
  }
}

TEST_CASE("what is known of virtio_mem.c", "[shim][virtio_mem]") {
  const std::string source = KernelFile(kPath);
  if (source.empty()) return;
  const Cli cli;
  const File file(cli, source);
  const auto load = [](const std::string& name) {
    return testing::Load("regress/virtio_mem/" + name + ".scn").scenario;
  };
  CHECK(file.TokenOf(load("stop-hides-going-online")) ==
        "I14/virtio_mem.c:virtio_mem_memory_notifier_cb@none/none");
  CHECK(file.TokenOf(load("stop-hides-online")) == "I14/notifier-A@none/none");
  CHECK(file.TokenOf(load("probe-of-its-memory")) ==
        "K2/virtio_mem.c:virtio_mem_sbm_get_mb_state@none/none");
  CHECK(file.TokenOf(load("robust-delivery")) == "I13/unlock@none/none");
  CHECK(file.TokenOf(load("held-page")) == "I3/put_page@online/MEM_ONLINE");

  scenario::Scenario s = load("stop-hides-online");
  s.machine.fixes = mm::CoreFix::kNotifyAll.bit;
  CHECK(file.IsClean(s));
  s = load("robust-delivery");
  s.machine.fixes = 0;
  CHECK(file.IsClean(s));
}

}  // namespace
}  // namespace hotplug
