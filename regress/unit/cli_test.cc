// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line, from outside: the binary that lies beside this one is run in an empty
// folder. For each verb what it prints and its exit code; for each kind of broken input the
// message. Exit code 5 needs a simulator that is broken, so only its absence is tested.
#include "regress/unit/cli.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/cli/words.h"

namespace hotplug {
namespace {

TEST_CASE("usage", "[cli]") {
  const Cli cli;
  const Result help = cli("help");
  CHECK(help.code == 0);
  Begins(help.out, "usage: hotplug-fuzz VERB ...\n");
  CHECK(cli("--help").out == help.out);
  const Result nothing = cli("");
  CHECK(nothing.code == 2);
  CHECK(nothing.out == help.out);
  const Result unknown = cli("frobnicate");
  CHECK(unknown.code == 2);
  CHECK(unknown.out == "hotplug-fuzz: no verb frobnicate\n" + help.out);
  for (const char* args : {"run", "explain", "show", "encode -o x", "minimize -o x", "list",
                           "explain empty empty", "list drivers kernels"}) {
    INFO(args);
    const Result r = cli(args);
    CHECK(r.code == 2);
    Begins(r.out, "usage: hotplug-fuzz ");
  }
}

TEST_CASE("flags", "[cli]") {
  const Cli cli;
  const std::pair<const char*, const char*> wrong[] = {
      {"run --nonsense empty", "hotplug-fuzz run: unknown flag --nonsense\n"},
      {"run -x empty", "hotplug-fuzz run: unknown flag -x\n"},
      {"show --trace empty", "hotplug-fuzz show: unknown flag --trace\n"},
      {"run --nodriver empty", "hotplug-fuzz run: unknown flag --nodriver\n"},
      {"run --fromenv=driver empty", "hotplug-fuzz run: unknown flag --fromenv=driver\n"},
      {"run empty --driver", "hotplug-fuzz run: --driver needs a value\n"},
      {"run --driver=nobody empty", "--driver=nobody: expected a driver (rfc_v1, "},
      {"run --kernel=4.4 empty", "--kernel=4.4: expected a kernel (rfc, "},
      {"encode empty", "-o OUT is missing\n"},
      {"minimize empty", "-o OUT is missing\n"}};
  for (const auto& [args, message] : wrong) {
    const Result r = cli(args);
    CHECK(r.code == 2);
    Begins(r.out, message);
  }
  CHECK(cli("run --trace=maybe empty").code == 2);
  CHECK(cli("run --notrace --driver rfc_v1 empty").out == cli("run empty").out);
  CHECK(cli("run -- --trace").out == "--trace: No such file or directory\n");
}

TEST_CASE("conform", "[cli]") {
  const Cli cli;
  std::ifstream file("regress/real-kernel-traces/6.1/numa.tr", std::ios::binary);
  const std::string numa{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  cli.Write("numa.tr", numa);
  const Result good = cli("conform numa.tr");
  CHECK(good.code == 0);
  CHECK(good.out == "numa.tr: conforms (42 events)\n");

  // One answer changed: the line, what was recorded, what the model does, and how it got there.
  const std::string line = "RET p3 block=34 file=state value='online_kernel' => 13";
  std::string changed = numa;
  changed.replace(changed.find(line), line.size(), line.substr(0, line.size() - 2) + "-EBUSY");
  cli.Write("changed.tr", changed);
  const Result bad = cli("conform changed.tr");
  CHECK(bad.code == 1);
  Begins(bad.out, "changed.tr:85: the model differs\n  recorded: RET p3 ");
  Has(bad.out, "  model:    " + line + "\n  the model up to there:\n");
  const Result all = cli("conform --keep-going numa.tr changed.tr");
  CHECK(all.code == 1);
  Begins(all.out, good.out);
  Has(all.out, "changed.tr: 1 of ");

  // What is no recording is said to be none, with the place, and nothing is replayed.
  cli.Write("cut.tr", numa.substr(0, numa.size() / 2));
  cli.Write("noise.tr", std::string("\0\xff\x7f#", 4));
  const Result cut = cli("conform cut.tr");
  CHECK(cut.code == 2);
  Begins(cut.out, "cut.tr:");
  for (const char* name : {"empty", "noise.tr", "nowhere.tr", "fails.scn", "."}) {
    const Result r = cli(std::string("conform ") + name);
    CHECK(r.code == 2);
    Begins(r.out, std::string(name) + ":");
  }
  CHECK(cli("conform numa.tr cut.tr changed.tr").code == 2);
  std::string other = numa;
  other.replace(other.find("kernel=6.1"), 10, "kernel=4.4");
  cli.Write("other.tr", other);
  const Result kernel = cli("conform other.tr");
  CHECK(kernel.code == 2);
  Begins(kernel.out, "other.tr:3:16: ");
}

TEST_CASE("run", "[cli]") {
  const Cli cli;
  const Result ok = cli("run --verify empty");
  CHECK(ok.code == 0);
  Begins(ok.out, "empty: driver=rfc_v1 kernel=rfc verdict=ok steps=");
  CHECK(std::count(ok.out.begin(), ok.out.end(), '\n') == 1);
  const Result fails = cli("run --verify fails.scn");
  CHECK(fails.code == 1);
  Begins(fails.out, "fails.scn: driver=rfc_v1 kernel=rfc verdict=violation steps=");
  Has(fails.out, " digest=0x");
  Has(fails.out, " invariant=I1 step=");
  const Result canary = cli("run --driver=canary --kernel=rfc empty");
  CHECK(canary.code == 1);
  Begins(canary.out, "empty: driver=canary kernel=rfc verdict=violation ");
  const Result trace = cli("run --trace empty");
  Begins(trace.out, cli("run empty").out + "      memtrace-1 [001]     1: kmalloc: ");
}

TEST_CASE("run --record", "[cli]") {
  const Cli cli;
  cli.Write("offline.scn",
            "scenario 1\ndriver rfc_v1\n"
            "machine kernel=6.1 pages_per_block=4 pageblock_pages=4 max_order=2\n"
            "memory 4-5 node=0 zone=Normal\n"
            "task user-1\n  write memory5/state offline\n");
  const Result ok = cli("run --record=offline.tr offline.scn");
  CHECK(ok.code == 0);
  Begins(ok.out, "offline.scn: driver=rfc_v1 kernel=6.1 verdict=ok steps=");
  CHECK(cli("conform offline.tr").code == 0);
  // What is there stays there.
  const std::string recorded = cli.Read("offline.tr");
  Has(recorded, "\nRET p1 ");
  const Result again = cli("run --record=offline.tr offline.scn");
  CHECK(again.code == 2);
  Begins(again.out, "offline.tr: ");
  CHECK(cli.Read("offline.tr") == recorded);
  // Nothing is written that could not be done again.
  const Result no_words = cli("run --record=fails.tr fails.scn");
  CHECK(no_words.code == 2);
  Begins(no_words.out, "fails.scn: cannot be recorded: ");
  CHECK(cli("conform fails.tr").code == 2);
  CHECK(cli("run --record=two.tr offline.scn offline.scn").code == 2);
}

TEST_CASE("the worst of several files is the exit code", "[cli]") {
  const Cli cli;
  CHECK(cli("run empty empty").code == 0);
  CHECK(cli("run empty fails.scn empty").code == 1);
  const Result r = cli("run fails.scn missing empty");
  CHECK(r.code == 2);
  Has(r.out, "missing: No such file or directory\n");
  Has(r.out, "empty: driver=");
}

TEST_CASE("broken input", "[cli]") {
  const Cli cli;
  cli.Write("broken.scn", "scenario 1\ndriver nobody\n");
  for (const char* verb : {"run", "explain", "show", "encode -o x", "minimize -o x"}) {
    INFO(verb);
    const Result text = cli(std::string(verb) + " broken.scn");
    CHECK(text.code == 2);
    Begins(text.out, "broken.scn:2:8: expected a driver (rfc_v1, ");
    const Result missing = cli(std::string(verb) + " missing");
    CHECK(missing.code == 2);
    CHECK(missing.out == "missing: No such file or directory\n");
    CHECK_FALSE(cli.Exists("x"));
  }
  CHECK(cli("run .").out == ".: Is a directory\n");
}

TEST_CASE("show and encode", "[cli]") {
  const Cli cli;
  CHECK(cli("encode fails.scn -o bytes").code == 0);
  CHECK(cli("encode fails.scn --out=same").out.empty());
  CHECK(cli.Read("bytes") == cli.Read("same"));
  const Result shown = cli("show bytes");
  CHECK(shown.code == 0);
  cli.Write("shown.scn", shown.out);
  Has(shown.out, "\nat user-2 1 run memtrace-1  # after sleep: ticks=9\n");
  CHECK(cli("show shown.scn").out == shown.out);
  CHECK(cli("encode shown.scn -o again").code == 0);
  CHECK(cli.Read("again") == cli.Read("bytes"));

  const Result exists = cli("encode empty -o bytes");
  CHECK(exists.code == 2);
  CHECK(exists.out == "bytes: exists already and is not overwritten\n");
  CHECK(cli.Read("again") == cli.Read("bytes"));
  CHECK(cli("encode empty -o no/folder").out == "no/folder: No such file or directory\n");
  cli.Write("big.scn",
            "scenario 1\ndriver rfc_v1\nmachine kernel=rfc pages_per_block=4096 "
            "pageblock_pages=256 max_order=8\nmemory 4 node=0 zone=Normal\ntask memtrace-1\n");
  const Result big = cli("encode big.scn -o x");
  CHECK(big.code == 2);
  Begins(big.out, "big.scn: no bytes say this: ");
  CHECK_FALSE(cli.Exists("x"));
}

TEST_CASE("explain", "[cli]") {
  const Cli cli;
  const Result fails = cli("explain fails.scn");
  CHECK(fails.code == 1);
  Begins(fails.out, "=== VIOLATION I1 (step ");
  Has(fails.out, "\nDEDUP_TOKEN: I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE\n");
  // In the order that is promised.
  size_t last = 0;
  for (const char* part : {"page: ", "count: expected 1", "who holds what:", "consequences:",
                           "kernel log:", "trace:", "scenario 1\n", "# driver=", "digest=0x"}) {
    INFO(part);
    const size_t at = fails.out.find(part);
    REQUIRE(at != std::string::npos);
    CHECK(at > last);
    last = at;
  }
  const Result ok = cli("explain empty");
  CHECK(ok.code == 0);
  Begins(ok.out, "=== OK (");
}

TEST_CASE("cures", "[cli]") {
  const Cli cli;
  const std::string cured =
      "fails.scn: I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE: "
      "+block_flag +clear_flag +paired\n";
  const Result r = cli("cures fails.scn fails.scn");
  CHECK(r.code == 0);
  CHECK(r.out == cured + cured);
  CHECK(cli("cures --driver=canary fails.scn").out ==
        "fails.scn: I6/free_contig_range@online/none: none\n");
  const Result clean = cli("cures empty");
  CHECK(clean.code == 2);
  CHECK(clean.out == "empty: does not fail, so there is nothing to cure\n");
}

TEST_CASE("minimize", "[cli]") {
  const Cli cli;
  const Result r = cli("minimize fails.scn -o least.scn");
  CHECK(r.code == 0);
  Begins(r.out,
         "least.scn: I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE "
         "(1 op, 0 preemptions; ");
  CHECK(cli.Read("least.scn") ==
        "scenario 1\n"
        "driver rfc_v1\n"
        "machine kernel=rfc debug_vm=off auto_online=off pages_per_block=4 pageblock_pages=4 "
        "max_order=2\n"
        "memory 4-5 node=0 zone=Normal\n"
        "notifier A priority=0\n"
        "  answer MEM_GOING_OFFLINE nth=2 NOTIFY_BAD\n"
        "task memtrace-1\n"
        "  write memtrace/enable 0x20000000\n");
  const Result again = cli("minimize fails.scn -o least.scn");
  CHECK(again.code == 2);
  CHECK(again.out == "least.scn: exists already and is not overwritten\n");
  const Result ok = cli("minimize empty -o x");
  CHECK(ok.code == 2);
  CHECK(ok.out == "empty: does not fail, so it stays\n");
  CHECK_FALSE(cli.Exists("x"));
}

TEST_CASE("expect", "[cli]") {
  const Cli cli;
  const Result none = cli("run --expect fails.scn");
  CHECK(none.code == 2);
  CHECK(none.out == "fails.scn: there is no expect block\n");
  const Result block = cli("run --print-expect fails.scn");
  CHECK(block.code == 0);
  Begins(block.out, "expect\n  verdict violation I1/");
  cli.Write("good.scn", kFails + block.out);
  const Result good = cli("run --expect good.scn");
  CHECK(good.code == 0);
  CHECK(good.out.empty());
  CHECK(cli("run good.scn").code == 1);
  Has(cli("show good.scn").out, block.out);

  std::string wrong = kFails + block.out;
  const std::string line = "memtrace-1 read memtrace/enable = 0";
  wrong.replace(wrong.find(line), line.size(), line + "x10000000");
  cli.Write("wrong.scn", wrong);
  const Result differs = cli("run --expect good.scn wrong.scn");
  CHECK(differs.code == 1);
  CHECK(differs.out == "wrong.scn: not as expected, line 3 of the expect block\n  expected: " +
                           line + "x10000000\n  got:      " + line + "\n");
  cli.Write("long.scn", kFails + block.out + "  memory9 absent\n");
  Has(cli("run --expect long.scn").out, "expected: memory9 absent\n  got:      (nothing more)\n");
}

TEST_CASE("run --expect finds a violation again", "[cli][refactor]") {
  const Cli cli;
  std::ifstream file("regress/crashes/free-offline-block.scn", std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string entry = "at memtrace-1 after unlock memory_chain.rwsem run user-2";
  const auto with = [&](const std::string& at) {
    std::string text = good;
    cli.Write("moved.scn",
              text.replace(text.find(entry), text.find("\nexpect") - text.find(entry), at));
    return cli("run --expect moved.scn");
  };
  const Result moved = with("at memtrace-1 23 run user-2");
  CHECK(moved.code == 1);
  Begins(moved.out,
         "moved.scn: not as expected, line 1 of the expect block\n"
         "  expected: verdict violation I6/__ClearPageOffline@offline/MEM_OFFLINE\n");
  Has(moved.out, "\n  everything is as expected with this schedule nearby:\n" + entry + "\n");
  // What it says can be pasted.
  const size_t at = moved.out.find("\nat ") + 1;
  CHECK(with(moved.out.substr(at, moved.out.size() - at - 1)).code == 0);
  const Result lost = with("at memtrace-1 4000 run user-2");
  CHECK(lost.code == 1);
  Has(lost.out,
      "  at memtrace-1 4000 run user-2: never reached\n"
      "  I6/__ClearPageOffline@offline/MEM_OFFLINE does not show: 17 schedules nearby tried, which "
      "are all\n");
}

// A build that is none of ours: a script, made from the one that lies beside this test.
std::string Script(const Cli& cli, const std::string& name, const std::string& lines) {
  const fs::path real = fs::read_symlink("/proc/self/exe").parent_path() / "hotplug-fuzz";
  cli.Write(name, "#!/bin/sh\nreal='" + real.string() + "'\n" + lines + "\n");
  REQUIRE(cli("help && chmod +x " + name).code == 0);
  return real.string();
}

std::string Counts(uint32_t same, uint32_t set, uint32_t different, uint32_t not_comparable) {
  char text[256];
  std::snprintf(text, sizeof text,
                "same                        %8u\nsame by the set of outcomes %8u\n"
                "different                   %8u\nnot comparable              %8u\n",
                same, set, different, not_comparable);
  return text;
}

TEST_CASE("check-refactor", "[cli][refactor]") {
  const Cli cli;
  const std::string real =
      Script(cli, "louder", "\"$real\" \"$@\" | sed 's/Offlined P/Offlined p/'");
  const Result self = cli("check-refactor '" + real + "' '" + real + "' --count=300");
  CHECK(self.code == 0);
  CHECK(self.out == Counts(300, 0, 0, 0));

  const Result louder = cli("check-refactor --count=4 '" + real + "' ./louder");
  CHECK(louder.code == 1);
  Has(louder.out, "\n  OLD: log Offlined Pages ");
  Has(louder.out, "\n  NEW: log Offlined pages ");
  Has(louder.out, "\ndifferent, ");
  Has(louder.out, " the first is generated ");
  Has(louder.out, "\n    scenario 1\n    driver ");

  // A build that dies of some texts answers to all others.
  Script(cli, "dies",
         "grep -q -e debug_vm=on -- \"$@\" 2>/dev/null && kill -SEGV $$\nexec \"$real\" \"$@\"");
  const Result dies = cli("check-refactor --count=10 '" + real + "' ./dies");
  CHECK(dies.code == 1);
  Has(dies.out, "\n  NEW: no summary: signal 11\n");
  const int same = std::stoi(dies.out.substr(5));
  CHECK(same > 0);
  Begins(dies.out, Counts(static_cast<uint32_t>(same), 0, static_cast<uint32_t>(10 - same), 0));

  // A build that does not know all texts: nothing is wrong, and not all was looked at.
  Script(cli, "older",
         "shift 2; for f; do if grep -q pagevec= $f; then echo $f:3:9: expected less >&2; "
         "else \"$real\" run --print-expect $f; fi; done");
  const Result older = cli("check-refactor --count=10 ./older '" + real + "'");
  CHECK(older.code == 4);
  Has(older.out, "\nOLD does not know the text: 3:9: expected less\n");
}

TEST_CASE("check-refactor of what is no build", "[cli][refactor]") {
  const Cli cli;
  const Result none = cli("check-refactor nobody nobody");
  CHECK(none.code == 2);
  CHECK(none.out == "nobody: neither an executable file nor a revision of this repository\n");
  const Result other = cli("check-refactor /bin/true /bin/true");
  CHECK(other.code == 2);
  CHECK(other.out == "/bin/true: does not answer to `run --print-expect`\n");
  CHECK(cli("check-refactor one").code == 2);
  CHECK(cli("check-refactor --count=x a b").code == 2);

  // A revision that cannot be built: the end of the log, and nothing is left behind.
  const Result broken =
      cli("help >/dev/null && git init -q . && echo 'not json' >CMakePresets.json && git add . && "
          "git -c user.name=a -c user.email=a@b commit -qm one && cd .");
  CHECK(broken.code == 0);
  const Result r = cli("check-refactor HEAD HEAD");
  CHECK(r.code == 2);
  Has(r.out, " cannot be built: ");
  Has(r.out, "cmake --preset plain: exit code 1\nCMake Error");
  CHECK(cli("help >/dev/null && find build -mindepth 2").out.empty());
}

TEST_CASE("list", "[cli]") {
  const Cli cli;
  const std::pair<const char*, const char*> lists[] = {
      {"drivers", "rfc_v1\tpowerpc/memtrace"},
      {"kernels", "rfc\tlinux-next"},
      {"invariants", "I1\tthe count of"},
      {"actors", "memtrace\twrites to memtrace/enable, "},
      {"operations", "write memtrace/enable NUMBER\t"},
      {"anchors", "memtrace_mutex\tbefore, after: "}};
  for (const auto& [what, begin] : lists) {
    const Result r = cli(std::string("list ") + what);
    CHECK(r.code == 0);
    Begins(r.out, begin);
  }
  const Result none = cli("list nonsense");
  CHECK(none.code == 2);
  std::string all = cli::FindVerb("list")->sentence;
  all.replace(all.find(" or "), 4, " and ");
  CHECK(none.out == "hotplug-fuzz list: no list of nonsense; there are " + all + "\n");
}

}  // namespace
}  // namespace hotplug
