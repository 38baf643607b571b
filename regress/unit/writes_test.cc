// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is written, and what is left when it cannot be: standard output that loses something, a disk
// that is full, many writers at once, writers who were killed, other programs without an end. That
// each single write may fail or be the last one is for `./dev soak writes`.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "fuzz/base/files.h"
#include "fuzz/base/process.h"
#include "fuzz/report/matrix.h"
#include "model/run/run.h"
#include "model/scenario/text/parse.h"
#include "regress/unit/cli.h"
#include "regress/unit/files.h"

namespace hotplug {
namespace {

using testing::Contents;

// A shell in which every file is full from the beginning.
const std::string kFull = "trap '' XFSZ; ulimit -f 0; ";

size_t FilesIn(const fs::path& folder) {
  const fs::directory_iterator begin(folder);
  return static_cast<size_t>(std::distance(begin, fs::directory_iterator()));
}

TEST_CASE("what standard output loses is an error of every verb", "[writes]") {
  const Cli cli;
  const fs::path top = fs::current_path();
  const std::string trace = (top / "regress/real-kernel-traces/6.1/rfc.tr").string();
  const std::string driver = " --driver=" + (top / "regress/drivers/sample.c").string();
  for (const std::string& args :
       {std::string("help"), std::string("list drivers"), std::string("run fails.scn"),
        std::string("run --trace fails.scn"), std::string("run --print-expect fails.scn"),
        std::string("explain fails.scn"), std::string("show fails.scn"),
        std::string("cures fails.scn"), std::string("report --format=sarif fails.scn"),
        std::string("minimize fails.scn -o out"), "coverage fails.scn" + driver,
        "conform " + trace}) {
    for (const char* redirect : {"2>&1 >/dev/full", "2>&1 >&-"}) {
      INFO(args << " " << redirect);
      const Result r = cli(args, redirect);
      CHECK(r.code == 2);
      Begins(r.out, "standard output: ");
      CHECK(std::count(r.out.begin(), r.out.end(), '\n') == 1);
      fs::remove(cli.folder() / "out");
    }
  }
  // Who prints nothing loses nothing.
  CHECK(cli("encode fails.scn -o out", "2>&1 >&-").code == 0);
}

TEST_CASE("a disk that is full leaves nothing, and the next try works", "[writes]") {
  const Cli cli;
  cli.Write("offline.scn",
            "scenario 1\ndriver rfc_v1\n"
            "machine kernel=6.1 pages_per_block=4 pageblock_pages=4 max_order=2\n"
            "memory 4-5 node=0 zone=Normal\n"
            "task user-1\n  write memory5/state offline\n");
  REQUIRE(fs::create_directories(cli.folder() / "regress/crashes"));
  const std::string matrix = report::MatrixHeader();
  cli.Write("regress/MATRIX.tsv", matrix);
  const size_t before = FilesIn(cli.folder());
  for (const char* args : {"encode fails.scn -o out", "minimize fails.scn -o out",
                           "run offline.scn --record=out", "promote fails.scn --name=out"}) {
    INFO(args);
    const Result r = cli.Shell(kFull + "exec \"$RUN\" " + args + " 2>&1");
    CHECK(r.code == 2);
    INFO(r.out);
    CHECK(r.out.find(": File too large\n") == r.out.size() - 17);
    CHECK(FilesIn(cli.folder()) == before);
    CHECK(FilesIn(cli.folder() / "regress/crashes") == 0);
    CHECK(cli.Read("regress/MATRIX.tsv") == matrix);
    CHECK(cli(args).code == 0);
    fs::remove(cli.folder() / "out");
  }
}

TEST_CASE("a file that is put in place is whole, and nobody's is overwritten", "[writes]") {
  const Cli cli;
  const std::string path = (cli.folder() / "a").string();
  REQUIRE(base::WriteNew(path, "one").ok());
  CHECK_FALSE(base::WriteNew(path, "two").ok());
  CHECK(cli.Read("a") == "one");
  REQUIRE(base::Replace(path, "three").ok());
  CHECK(cli.Read("a") == "three");
  // Who may read it stays.
  const fs::perms mine = fs::perms::owner_read | fs::perms::owner_write;
  fs::permissions(path, mine);
  REQUIRE(base::Replace(path, "three").ok());
  CHECK(fs::status(path).permissions() == mine);
  // A link stays one, and a name with nothing behind it is taken.
  fs::create_symlink("a", cli.folder() / "link");
  REQUIRE(base::Replace((cli.folder() / "link").string(), "four").ok());
  CHECK(fs::is_symlink(cli.folder() / "link"));
  CHECK(cli.Read("a") == "four");
  fs::create_symlink("nowhere", cli.folder() / "dangling");
  CHECK_FALSE(base::WriteNew((cli.folder() / "dangling").string(), "five").ok());
  // What one who was killed has left is in nobody's way.
  cli.Write(".hotplug-fuzz." + std::to_string(getpid()) + ".0", "half");
  CHECK(base::WriteNew((cli.folder() / "b").string(), "six").ok());
  CHECK(cli.Read("b") == "six");
}

TEST_CASE("what is no file is refused as OUT, and stays what it is", "[writes]") {
  const Cli cli;
  REQUIRE(mkfifo((cli.folder() / "fifo").c_str(), 0600) == 0);
  fs::create_directory(cli.folder() / "folder");
  for (const char* out : {"fifo", "folder", "/dev/null", "/dev/stdout"}) {
    for (const char* redirect : {"2>&1", "2>&1 >&-"}) {
      INFO(out << " " << redirect);
      const Result r = cli(std::string("encode fails.scn -o ") + out, redirect);
      CHECK(r.code == 2);
      CHECK(r.out == std::string(out) + ": exists already and is not overwritten\n");
    }
  }
  CHECK(fs::is_fifo(cli.folder() / "fifo"));
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("what a driver's file includes is not written to", "[writes]") {
  const Cli cli;
  const fs::path header = cli.folder() / "there.h", absent = cli.folder() / "absent.h";
  cli.Write("there.h", "#define THERE 1\n");
  cli.Write("driver.c", "#include <" + header.string() + ">\n#include <" + absent.string() +
                            ">\n#include \"" + absent.string() + "\"\n");
  CHECK(cli("compile driver.c -o out.so").code == 2);
  CHECK(cli.Read("there.h") == "#define THERE 1\n");
  CHECK_FALSE(fs::exists(absent));
}

TEST_CASE("thirty promotes at once keep thirty scenarios and thirty rows", "[writes]") {
  const Cli cli;
  REQUIRE(fs::create_directories(cli.folder() / "regress/crashes"));
  cli.Write("regress/MATRIX.tsv", report::MatrixHeader());
  const Result r = cli.Shell(
      "for i in $(seq 30); do \"$RUN\" promote fails.scn --name=n$i >out.$i 2>&1 & "
      "p=\"$p $!\"; done; for i in $p; do wait $i || echo $i fails; done; cat out.*");
  INFO(r.out);
  CHECK(r.out.find("fails\n") == std::string::npos);
  std::vector<std::string> names;
  for (int i = 1; i <= 30; ++i) names.push_back("n" + std::to_string(i));
  std::sort(names.begin(), names.end());
  const auto least = scenario::Parse(cli.Read("regress/crashes/n1.scn"), "n1", run::Names());
  REQUIRE(least.ok());
  std::string matrix = report::MatrixHeader();
  for (const std::string& name : names) {
    CHECK(cli.Read("regress/crashes/" + name + ".scn") == cli.Read("regress/crashes/n1.scn"));
    matrix += report::MatrixRow(name, least->scenario);
  }
  CHECK((cli.Read("regress/MATRIX.tsv") == matrix));
  CHECK(FilesIn(cli.folder() / "regress/crashes") == 30);
}

TEST_CASE("what somebody was killed over is kept by the next promote", "[writes]") {
  const Cli cli;
  REQUIRE(fs::create_directories(cli.folder() / "regress/crashes"));
  cli.Write("regress/MATRIX.tsv", report::MatrixHeader());
  REQUIRE(cli("promote fails.scn --name=b").code == 0);
  const std::string text = cli.Read("regress/crashes/b.scn");
  const std::string with_b = cli.Read("regress/MATRIX.tsv");
  // Killed before the row was written, and behind that.
  for (const std::string& matrix : {std::string(report::MatrixHeader()), with_b}) {
    for (const char* name : {"regress/crashes/a.scn", "regress/crashes/b.scn"}) {
      fs::remove(cli.folder() / name);
    }
    cli.Write("regress/MATRIX.tsv", matrix);
    cli.Write("regress/crashes/.b.promoted", text);
    REQUIRE(cli("promote fails.scn --name=a").code == 0);
    CHECK(cli.Read("regress/crashes/b.scn") == text);
    CHECK(FilesIn(cli.folder() / "regress/crashes") == 2);
    Has(cli.Read("regress/MATRIX.tsv"), "\na\t");
    Has(cli.Read("regress/MATRIX.tsv"), "\nb\t");
  }
}

TEST_CASE("what no promote has left is not kept", "[writes]") {
  const Cli cli;
  REQUIRE(fs::create_directories(cli.folder() / "regress/crashes"));
  cli.Write("regress/MATRIX.tsv", report::MatrixHeader());
  cli.Write("regress/crashes/.a\tb.promoted", "nobody's");
  REQUIRE(fs::create_directory(cli.folder() / "regress/crashes/.b.promoted"));
  REQUIRE(cli("promote fails.scn --name=a").code == 0);
  fs::remove(cli.folder() / "regress/crashes/.b.promoted");
  const std::string with_a = cli.Read("regress/MATRIX.tsv");
  cli.Write("regress/crashes/.b.promoted", "nobody's");
  const Result r = cli("promote fails.scn --name=c");
  CHECK(r.code == 2);
  Begins(r.out, "regress/crashes/.b.promoted:1:1: ");
  CHECK((cli.Read("regress/MATRIX.tsv") == with_a));
  CHECK_FALSE(fs::exists(cli.folder() / "regress/crashes/c.scn"));
}

TEST_CASE("a broken matrix is refused with its place, and stays", "[writes]") {
  const std::string header = report::MatrixHeader();
  const size_t columns = report::MatrixColumns().size();
  const auto row = [columns](const std::string& name, const std::string& cell) {
    std::string text = name;
    for (size_t i = 0; i < columns; ++i) text += "\t" + cell;
    return text + "\n";
  };
  const std::string good = row("m", "ok");
  const std::string number = std::to_string(std::count(header.begin(), header.end(), '\n') + 2);
  const struct {
    std::string text;
    std::string error;
  } broken[] = {
      {"", "m:1:1: expected the columns of these drivers and kernels"},
      {"\n" + header, "m:1:1: expected the columns of these drivers and kernels"},
      {header + good + "z\tok\n", "m:" + number + ":5: expected a cell for each column"},
      {header + good + "z\n", "m:" + number + ":2: expected a cell for each column"},
      {header + good + "z\tok" + row("", "ok"), "m:" + number + ":" +
                                                    std::to_string(4 + 3 * columns + 1) +
                                                    ": expected a cell for each column"},
      {header + good + "\n", "m:" + number + ":1: expected a cell"},
      {header + good + row("z", ""), "m:" + number + ":3: expected a cell"},
      {header + good + row("z", "o k"), "m:" + number + ":4: expected a word of ASCII characters"},
      {header + good + row("z", std::string(1, '\0')),
       "m:" + number + ":3: expected a word of ASCII characters"},
      {header + good + row("z", "\x1b[31m"),
       "m:" + number + ":3: expected a word of ASCII characters"},
      {header + good + row("z", "\xff"), "m:" + number + ":3: expected a word of ASCII characters"},
      {header + good + row("z", std::string(1000, 'x')),
       "m:" + number + ":3: expected a shorter cell"},
      {header + good + good, "m:" + number + ":1: expected a name behind that of the row before"},
      {header + good + row("a", "ok"),
       "m:" + number + ":1: expected a name behind that of the row before"},
      {header + good + row("z", "ok").substr(0, row("z", "ok").size() - 1),
       "m:" + number + ":" + std::to_string(row("z", "ok").size()) +
           ": expected the end of the line"}};
  for (const auto& b : broken) {
    report::Matrix matrix;
    REQUIRE(matrix.Read(header + good, "m").empty());
    CHECK(matrix.Read(b.text, "m") == b.error);
    CHECK((matrix.Print() == header + good));
  }
  const Cli cli;
  REQUIRE(fs::create_directories(cli.folder() / "regress/crashes"));
  cli.Write("regress/MATRIX.tsv", header + good + good);
  const Result r = cli("promote fails.scn --name=x");
  CHECK(r.code == 2);
  CHECK(r.out ==
        "regress/MATRIX.tsv:" + number + ":1: expected a name behind that of the row before\n");
  CHECK((cli.Read("regress/MATRIX.tsv") == header + good + good));
  CHECK(FilesIn(cli.folder() / "regress/crashes") == 0);
}

TEST_CASE("a program without an end is ended", "[writes]") {
  const auto folder = base::TemporaryFolder::Make();
  REQUIRE(folder.ok());
  const std::string out = *folder / "out";
  const auto answer = [&out](base::Command command) {
    command.out = command.err = out;
    const auto end = base::RunCommand(command);
    fs::remove(out);
    return end.ok() ? *end : std::string(end.status().message());
  };
  CHECK(answer({{"true"}, "", "", ""}).empty());
  CHECK(answer({{"sh", "-c", "exit 3"}, "", "", ""}) == "exit code 3");
  CHECK(answer({{"sh", "-c", "kill -ABRT $$"}, "", "", ""}) == "signal 6");
  CHECK(answer({{"yes"}, "", "", "", 100, 1}) == "yes: writes more than 1 MiB");
  CHECK(answer({{"sh", "-c", "trap '' XFSZ; yes; exit 0"}, "", "", "", 100, 1}) ==
        "sh: writes more than 1 MiB");
  CHECK(answer({{"sleep", "100"}, "", "", "", 1}) == "sleep: does not end within 1 s");
}

// Whether it is so within ten seconds.
template <class F>
bool Soon(F f) {
  for (int i = 0; i < 1000 && !f(); ++i) usleep(10'000);
  return f();
}

TEST_CASE("who is killed leaves neither folder nor program", "[writes]") {
  const auto around = base::TemporaryFolder::Make();
  REQUIRE(around.ok());
  const std::string pid_file = *around / "pid";
  for (const int signal : {SIGKILL, SIGTERM, SIGHUP, SIGINT}) {
    const pid_t child = fork();
    if (child == 0) {
      std::signal(signal, SIG_DFL);
      const auto folder = base::TemporaryFolder::Make(around->path());
      // A program with a child of its own.
      base::RunCommand({{"sh", "-c", "sleep 100 & echo $! >" + pid_file + "; wait"},
                        "",
                        *folder / "out",
                        *folder / "out"})
          .IgnoreError();
      _exit(0);
    }
    REQUIRE(child > 0);
    REQUIRE(Soon([&] { return !Contents(pid_file).empty(); }));
    const pid_t sleeper = std::atoi(Contents(pid_file).c_str());
    REQUIRE(sleeper > 1);
    kill(child, signal);
    REQUIRE(waitpid(child, nullptr, 0) == child);
    fs::remove(pid_file);
    CHECK(Soon([&] { return kill(sleeper, 0) != 0; }));
    CHECK(Soon([&] { return FilesIn(around->path()) == 0; }));
  }
}

TEST_CASE("check-refactor has bounds", "[writes][refactor]") {
  const Cli cli;
  cli.Write("endless", "#!/bin/sh\nyes verdict ok\n");
  fs::permissions(cli.folder() / "endless", fs::perms::all);
  const Result endless = cli("check-refactor ./endless ./endless");
  CHECK(endless.code == 2);
  Has(endless.out, "endless: writes more than 64 MiB\n");
  const std::pair<const char*, const char*> refused[] = {
      {"--count=4000000000", "--count=4000000000: expected a number of 0 to 1000000000\n"},
      {"--count=18446744073709551615", "--count=18446744073709551615: expected a number of 0 to "},
      {"--seed=18446744073709551615", "--seed=18446744073709551615: expected a number of 0 to "}};
  for (const auto& [flag, message] : refused) {
    const Result r = cli(std::string("check-refactor ./endless ./endless ") + flag);
    CHECK(r.code == 2);
    Begins(r.out, message);
  }
  CHECK(cli("check-refactor ./endless ./endless --count=99999999999999999999").code == 2);
}

}  // namespace
}  // namespace hotplug
