// SPDX-License-Identifier: GPL-2.0-or-later
//
// Input that nobody meant: every verb and the replayer are given files that are cut, corrupted,
// empty, huge or not theirs at all. Each must answer with an exit code of its own and, where it
// refuses, with a short message that names the file; and it must leave every file alone but the
// one that it was told to write.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <vector>

#include "fuzz/base/files.h"
#include "fuzz/report/print_trace.h"
#include "fuzz/report/suppressions.h"
#include "model/run/run.h"
#include "model/scenario/random.h"
#include "model/shim/shim.h"
#include "regress/unit/checked.h"
#include "regress/unit/cli.h"
#include "regress/unit/death.h"

namespace hotplug {
namespace {

constexpr size_t kHuge = size_t{5} << 20;
constexpr size_t kLongestMessage = 1000;

std::string Noise(uint64_t seed, size_t size) {
  scenario::Random random(seed);
  std::string noise(size, '\0');
  for (char& c : noise) c = static_cast<char>(random.Below(256));
  return noise;
}

std::string Repeated(const std::string& part, size_t size) {
  std::string text;
  text.reserve(size + part.size());
  while (text.size() < size) text += part;
  return text;
}

// Every file of the folder, and what is in it; of huge ones when they were written.
std::map<std::string, std::string> Snapshot(const Cli& cli) {
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& e : fs::recursive_directory_iterator(cli.folder())) {
    if (!e.is_regular_file()) continue;
    const std::string name = fs::relative(e.path(), cli.folder()).string();
    const auto written = e.last_write_time().time_since_epoch().count();
    files[name] = e.file_size() >= kHuge ? std::to_string(written) : cli.Read(name);
  }
  return files;
}

// What a terminal can show, and no more of it than somebody reads.
bool IsMessage(const std::string& text) {
  const bool shown = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c == '\n' || (c >= ' ' && c < 0x7f);
  });
  return shown && !text.empty() && text.back() == '\n' && text.size() <= kLongestMessage;
}

// Broken texts, which every verb must refuse with the place.
const std::vector<std::pair<std::string, std::string>>& BrokenTexts() {
  static const std::string text = kFails;
  static const std::vector<std::pair<std::string, std::string>> texts = {
      {"half.scn", text.substr(0, text.size() / 2)},
      {"first-word.scn", "scenario "},
      {"other.scn", "scenario 2\n"},
      {"nul.scn", std::string("scenario 1\ndriver rfc_v1\0\n", 26)},
      {"noise.scn", "scenario 1\n" + Noise(1, 4096)},
      {"escape.scn", "scenario 1\ndriver \x1b[2J\n"},
      {"huge-word.scn", "scenario 1\ndriver " + std::string(kHuge, 'x')},
      {"huge-lines.scn", text + Repeated("  sleep 9\n", kHuge / 5)},
      {"number.scn",
       "scenario 1\ndriver rfc_v1\nmachine kernel=rfc pages_per_block=99999999999999"
       "999999999999 pageblock_pages=4 max_order=2\n"}};
  return texts;
}

// Artifacts: every byte string is a scenario.
const std::vector<std::pair<std::string, std::string>>& Artifacts() {
  static const std::vector<std::pair<std::string, std::string>> artifacts = {
      {"one-byte", "\xff"},
      {"noise", Noise(2, 4096)},
      {"huge-zeros", std::string(kHuge, '\0')},
      {"huge-noise", Noise(3, kHuge)},
      {"no-text", "Scenario 1\n"},
      {"recording", "HOTPLUG-TRACE 1\n"}};
  return artifacts;
}

const char* const kVerbs[] = {"run",
                              "run --trace",
                              "run --verify",
                              "run --expect",
                              "run --print-expect",
                              "run --record=x",
                              "explain",
                              "show",
                              "encode -o x",
                              "minimize -o x",
                              "promote -o . --name=x"};

// What the verb may write, and nothing else: x or x.scn, if it says so by its code.
void CheckFolder(const Cli& cli, const std::map<std::string, std::string>& before,
                 const Result& r) {
  std::map<std::string, std::string> after = Snapshot(cli);
  const size_t written = after.erase("x") + after.erase("x.scn");
  CHECK(after == before);
  CHECK((r.code != 2 || written == 0));
  fs::remove(cli.folder() / "x");
  fs::remove(cli.folder() / "x.scn");
}

TEST_CASE("a broken text is refused by every verb, with its place", "[robustness]") {
  for (const auto& [name, contents] : BrokenTexts()) {
    const Cli cli;
    cli.Write(name, contents);
    const auto before = Snapshot(cli);
    for (const char* verb : kVerbs) {
      INFO(verb << " " << name);
      const Result r = cli(std::string(verb) + " " + name);
      CHECK(r.code == 2);
      Begins(r.out, name + ":");
      CHECK(IsMessage(r.out));
      CheckFolder(cli, before, r);
    }
  }
}

TEST_CASE("every string of bytes is a scenario to every verb", "[robustness]") {
  for (const auto& [name, contents] : Artifacts()) {
    const Cli cli;
    cli.Write(name, contents);
    const auto before = Snapshot(cli);
    for (const char* verb : kVerbs) {
      INFO(verb << " " << name);
      const Result r = cli(std::string(verb) + " " + name);
      INFO(r.out.substr(0, kLongestMessage));
      CHECK((r.code >= 0 && r.code <= 3));
      CHECK((r.code != 2 || (r.out.substr(0, name.size() + 2) == name + ": " && IsMessage(r.out))));
      CheckFolder(cli, before, r);
    }
  }
}

TEST_CASE("what is no file is refused by every verb", "[robustness]") {
  const Cli cli;
  REQUIRE(fs::create_directory(cli.folder() / "folder"));
  cli.Write("folder/crash", Noise(4, 100));
  const auto before = Snapshot(cli);
  for (const char* verb : kVerbs) {
    for (const char* name : {"folder", "nowhere", "folder/crash/deeper"}) {
      INFO(verb << " " << name);
      const Result r = cli(std::string(verb) + " " + name);
      CHECK(r.code == 2);
      Begins(r.out, std::string(name) + ": ");
      CHECK(IsMessage(r.out));
      CheckFolder(cli, before, r);
    }
  }
}

TEST_CASE("a file without an end, or that cannot be read, is refused", "[robustness]") {
  const Cli cli;
  const Result unreadable = cli("run /proc/self/mem");
  CHECK(unreadable.code == 2);
  CHECK(unreadable.out == "/proc/self/mem: Input/output error\n");
  const Result r = cli("run /dev/zero");
  CHECK(r.code == 2);
  CHECK(r.out == "/dev/zero: is larger than 64 MiB, which no input is\n");
}

TEST_CASE("conform and list refuse what is not theirs", "[robustness]") {
  const Cli cli;
  std::vector<std::string> names = {"empty", "fails.scn"};
  for (const auto* files : {&BrokenTexts(), &Artifacts()}) {
    for (const auto& [name, contents] : *files) {
      cli.Write(name, contents);
      names.push_back(name);
    }
  }
  const auto before = Snapshot(cli);
  for (const std::string& name : names) {
    for (const char* verb : {"conform ", "conform --keep-going "}) {
      INFO(verb << name);
      const Result r = cli(verb + name);
      CHECK(r.code == 2);
      Begins(r.out, name + ":");
      CHECK(IsMessage(r.out));
    }
  }
  const Result list = cli("list \"$(head -c 500 noise | tr -d '\\0')\"");
  CHECK(list.code == 2);
  CHECK(Snapshot(cli) == before);
}

TEST_CASE("an output that exists stays, whatever the input", "[robustness]") {
  const Cli cli;
  cli.Write("noise", Noise(5, 512));
  cli.Write("x", "mine");
  cli.Write("x.scn", "mine as well");
  const auto before = Snapshot(cli);
  for (const char* verb :
       {"encode -o x", "minimize -o x", "run --record=x", "promote -o . --name=x"}) {
    for (const char* name : {"empty", "fails.scn", "noise", "nowhere"}) {
      INFO(verb << " " << name);
      CHECK(cli(std::string(verb) + " " + name).code == 2);
      CHECK(Snapshot(cli) == before);
    }
  }
}

TEST_CASE("the replayer takes a folder of anything", "[robustness]") {
  REQUIRE(Cli::Built("replay_rfc_v1"));
  const Cli cli;
  REQUIRE(fs::create_directories(cli.folder() / "corpus/deeper"));
  cli.Write("corpus/empty", "");
  cli.Write("corpus/text.scn", kFails);
  cli.Write("corpus/deeper/huge", std::string(kHuge, '\0'));
  const auto before = Snapshot(cli);
  const Result r = cli.Run("replay_rfc_v1", "corpus");
  INFO(r.out.substr(0, kLongestMessage));
  CHECK(r.code == 0);
  CHECK(r.out == "3 inputs\n");
  cli.Write("corpus.huge", "");
  fs::resize_file(cli.folder() / "corpus.huge", (size_t{64} << 20) + 1);
  for (const char* args : {"nowhere", "--random=x", "--random=1 --max-len=99999999999", "--random=",
                           "--random=-1", "--random=1x", "--random=18446744073709551616",
                           "--random=1 --max-len=1048577", "--random=1 --seed=99999999999999999999",
                           "$(printf 'no\\033[2Jwhere')", "corpus.huge", "/dev/zero"}) {
    INFO(args);
    const Result refused = cli.Run("replay_rfc_v1", args);
    CHECK(refused.code == 2);
    Begins(refused.out, "replay: ");
    CHECK(IsMessage(refused.out));
  }
  // Flags are the target's, whoever runs it.
  for (const char* args : {"--what", "$(printf -- '--\\033[2J')"}) {
    const Result refused = cli.Run("replay_rfc_v1", args);
    CHECK(refused.code == 2);
    Has(refused.out, ": unknown flag; expected ");
    CHECK(IsMessage(refused.out));
  }
  const Result full = cli.Run("replay_rfc_v1", "corpus", "2>&1 >/dev/full");
  CHECK(full.code == 2);
  CHECK(full.out == "replay: standard output: No space left on device\n");
  const Result broken = cli.Run("replay_rfc_v1", "--suppressions=corpus/deeper/huge corpus");
  CHECK(broken.code == 2);
  CHECK(IsMessage(broken.out));
  fs::remove(cli.folder() / "corpus.huge");
  CHECK(Snapshot(cli) == before);
}

rusage UsageOfChildren() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return usage;
}

double SecondsOfChildren() {
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  const rusage usage = UsageOfChildren();
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// What is too large is said before it costs anything.
TEST_CASE("large texts are refused early, or read", "[robustness]") {
  const Cli cli;
  constexpr size_t kLarge = size_t{60} << 20;
  const std::string text = kFails;
  const std::pair<std::string, std::string> large[] = {
      {text + "#" + std::string(kLarge, 'x'), "13:4097: expected at most 4096 bytes in a line"},
      {"scenario 1\n" + Repeated("x ", kLarge), "2:4097: expected at most 4096 bytes"},
      {text + Repeated("\n", 10000000), "100001:1: expected at most 100000 lines, found end"},
      {text.substr(0, text.find("at ")) + Repeated("task user-3\n", 12000000),
       "13:6: expected memtrace-4, "},
      {text + "expect\n" + Repeated("a\n", 2000000), "10014:1: expected at most 10000 lines of"},
      {text + Repeated("# " + std::string(1000, 'x') + "\n", kLarge), ""}};
  for (const auto& [contents, message] : large) {
    cli.Write("large.scn", contents);
    const double before = SecondsOfChildren();
    const Result r = cli("encode large.scn -o x");
    CHECK(SecondsOfChildren() - before < 5);
    CHECK(UsageOfChildren().ru_maxrss < 1 << 20);  // KiB
    INFO(r.out.substr(0, kLongestMessage));
    CHECK(r.code == (message.empty() ? 0 : 2));
    if (!message.empty()) Begins(r.out, "large.scn:" + message);
    CHECK((message.empty() || IsMessage(r.out)));
    fs::remove(cli.folder() / "x");
  }
}

// A name in a message, in a line of a result, and in what is read again.
TEST_CASE("a terminal obeys no name of a file", "[robustness]") {
  const Cli cli;
  const std::string name = "a\x1b[2J\x9b\n\xc3\xa9.scn";
  const std::string shown = "a\\x1b[2J\\x9b\\x0a\xc3\xa9.scn";
  const std::string arg = "'" + name + "'";
  Has(cli("run " + arg).out, shown + ": No such file");
  cli.Write(name, kFails);
  Begins(cli("run " + arg).out, shown + ": driver=rfc_v1");
  Begins(cli("run --expect " + arg).out, shown + ": there is no expect block");
  Begins(cli("encode " + arg + " -o " + arg).out, shown + ": exists already");
  Begins(cli("cures " + arg).out, shown + ": I1/");
  Begins(cli("minimize " + arg + " -o x" + arg).out, "x" + shown + ": ");
  Begins(cli("conform " + arg).out, shown + ":1:1: expected ");
  Begins(cli("run --driver=" + arg + ".c fails.scn").out, shown + ".c: ");
  cli.Write(name, "scenario 2");
  Begins(cli("show " + arg).out, shown + ":1:10: expected 1, found '2'");
  for (const char* args :
       {"run '--\n\x1b[2J'", "run '--driver=\n\x1b[2J' fails.scn", "list '\n\x1b[2J'",
        "report '--format=\n\x1b[2J' fails.scn", "run '--against=\n\x1b[2J' fails.scn",
        "run '--kernel=\n\x1b[2J' fails.scn", "promote '--name=\n\x1b[2J' fails.scn",
        "run --driver=x.c '--preempt=\n\x1b[2J' fails.scn"}) {
    INFO(args);
    const Result r = cli(args);
    CHECK(r.code == 2);
    Has(r.out, "\\x0a\\x1b[2J");
    CHECK(std::count(r.out.begin(), r.out.end(), '\n') == 1);
  }
  const Result verb = cli("'\n\x1b[2J'");
  CHECK(verb.code == 2);
  Begins(verb.out, "hotplug-fuzz: no verb \\x0a\\x1b[2J\n");
}

TEST_CASE("a terminal obeys no word of a driver's own file", "[robustness]") {
  drivers::Driver driver = *drivers::kDrivers[0];
  driver.text = [](uint32_t) { return "\x1b[2J\n\xff"; };
  const std::string shown = "\\x1b[2J\\x0a\\xff";
  CHECK(report::LockName(mm::kLockClasses, driver) == shown);
  const sim::Record said{.tp = shim::kTpPrintk};
  CHECK(report::FormatMessage(said, scenario::Scenario(), driver) == shown);
}

// Whatever the name of a scenario's file is, a recording of it can be read again.
TEST_CASE("a recording has a name that recordings have", "[robustness]") {
  const char* const writes =
      "scenario 1\ndriver hardened\n"
      "machine kernel=6.1 pages_per_block=16 pageblock_pages=4 max_order=2\n"
      "memory 4-5 node=0 zone=Movable\ntask user-1\n  write memory4/state offline\n";
  const Cli cli;
  for (const std::string name : {"\xc3\xa9", "a\nb", "\x1b[2J", "a b", "\xff", "a\"b"}) {
    INFO(name);
    cli.Write(name + ".scn", writes);
    CHECK(cli("run '" + name + ".scn' --record=out.tr").code == 0);
    Begins(cli("conform out.tr").out, "out.tr: conforms");
    fs::remove(cli.folder() / "out.tr");
  }
}

TEST_CASE("a broken or huge suppression file is refused", "[robustness]") {
  const Cli cli;
  const std::pair<const char*, std::string> broken[] = {
      {"noise", Noise(6, 4096)},
      {"huge-noise", Noise(7, kHuge)},
      {"zeros", std::string(kHuge, '\0')},
      {"line", "I1/" + std::string(kHuge, 'x')},
      {"text.scn", kFails},
      {"patterns", Repeated("I1/*@*/*\n", kHuge)}};
  for (const auto& [name, contents] : broken) {
    cli.Write(name, contents);
    const std::string path = (cli.folder() / name).string();
    report::Suppressions s;
    INFO(name);
    CHECK_FALSE(s.Load(path));
    Begins(s.error(), path + (contents.size() >= kHuge ? ": is larger " : ":1:"));
    CHECK(IsMessage(s.error() + "\n"));
    CHECK(s.empty());
  }
  report::Suppressions s;
  CHECK_FALSE(s.Load("/dev/zero"));
  // Page 0 is no memory of ours: reading it fails.
  CHECK_FALSE(s.Load("/proc/self/mem"));
  CHECK(s.error() == "/proc/self/mem: Input/output error");
}

TEST_CASE("the files of a folder are listed, or it is said why not", "[robustness]") {
  const Cli cli;
  const std::string top = (cli.folder() / "top").string();
  std::filesystem::create_directories(top + "/sub");
  for (const char* file : {"top/b", "top/a", "top/sub/c"}) cli.Write(file, "");
  using Files = std::vector<std::string>;
  CHECK(*base::FilesIn(top) == Files{top + "/a", top + "/b"});
  CHECK(*base::FilesBelow(top) == Files{top + "/a", top + "/b", top + "/sub/c"});
  CHECK(base::FilesIn(top + "/none")->empty());
  CHECK(base::FilesIn(top + "/a").status().message() == top + "/a: Not a directory");
}

TEST_CASE("a build with sanitizers has the assertions of the standard library", "[robustness]") {
  const auto behind_the_end = [] {
    const std::vector<int> one(1);
    const volatile size_t index = 1;
    std::fprintf(stderr, "%d\n", one[index]);
  };
  if (testing::kChecked) Has(testing::DeathOf(behind_the_end), "Assertion '");
}

}  // namespace
}  // namespace hotplug
