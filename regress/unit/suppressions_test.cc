// SPDX-License-Identifier: GPL-2.0-or-later
//
// Suppression files: which tokens their patterns match, which patterns are left over, and what
// is said about files that are none. Method: small texts and tokens. Then the file of the known
// findings, held against regress/crashes and docs/findings.md.
#include "fuzz/report/suppressions.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "fuzz/report/token.h"
#include "model/run/run.h"
#include "model/scenario/text/parse.h"
#include "regress/unit/catch.h"
#include "regress/unit/files.h"

namespace hotplug::report {
namespace {

namespace fs = std::filesystem;
using testing::Contents;

Suppressions Of(std::string_view text) {
  Suppressions s;
  const bool added = s.Add(text, "text");
  INFO(s.error());
  REQUIRE(added);
  return s;
}

TEST_CASE("a pattern matches a whole token") {
  Suppressions s = Of("I1/cb@offlining/MEM_OFFLINE\n");
  CHECK(s.Match("I1/cb@offlining/MEM_OFFLINE"));
  CHECK_FALSE(s.Match("I1/cb@offlining/MEM_OFFLINE2"));
  CHECK_FALSE(s.Match("XI1/cb@offlining/MEM_OFFLINE"));
  CHECK_FALSE(s.Match(""));
}

TEST_CASE("a star matches any part of a token, also none") {
  Suppressions s = Of("K2/*@none/*\n");
  CHECK(s.Match("K2/kfree@none/none"));
  CHECK(s.Match("K2/@none/"));
  CHECK_FALSE(s.Match("K2/kfree@online/none"));
  // The first place where the rest would begin is not the one where it ends.
  CHECK(Of("*/a@a*b").Match("x/y/a@a@ab"));
  CHECK_FALSE(Of("*/a@a*b").Match("x/y/a@a@ba"));
}

TEST_CASE("many stars take no more time than few") {
  std::string pattern = "/";
  for (int i = 0; i < 200; ++i) pattern += "*a";
  CHECK_FALSE(Of(pattern + "*b").Match("/" + std::string(2000, 'a')));
  CHECK(Of(pattern + "*").Match("/" + std::string(2000, 'a')));
}

TEST_CASE("comments, blanks and empty lines are no patterns") {
  Suppressions s = Of("# everything: *\n\n   \t\r\n  I6/*  # not ours, \xc3\xa9\r\n");
  CHECK(s.Match("I6/a@b/c"));
  CHECK_FALSE(s.Match("I7/a@b/c"));
  CHECK_FALSE(s.Match("# everything: x"));
}

TEST_CASE("patterns that have matched nothing are told") {
  Suppressions s = Of("I1/*\n# a remark\nI2/*\nI2/a@b/*");
  CHECK(s.Unused() == std::vector<std::string>{"I1/*", "I2/*", "I2/a@b/*"});
  CHECK(s.Match("I2/a@b/c"));
  CHECK_FALSE(s.Match("I3/a@b/c"));
  CHECK(s.Unused() == std::vector<std::string>{"I1/*"});
  CHECK(s.UnusedReport() == "text:1: I1/* has matched nothing\n");
  CHECK(s.Match("I1/"));
  CHECK(s.UnusedReport().empty());
}

std::string Many(size_t patterns) {
  std::string text;
  for (size_t i = 0; i < patterns; ++i) text += "I1/*\n";
  return text;
}

TEST_CASE("the patterns of all files together are counted") {
  Suppressions s = Of(Many(kMaxPatterns));
  CHECK(s.Add("# only a comment\n", "more"));
  CHECK_FALSE(s.Add("I2/*", "m\x1bore"));
  CHECK(s.error() == "m\\x1bore:1:1: expected at most 1000 patterns, found 'I2/*'");
  CHECK(s.Unused().size() == kMaxPatterns);
}

TEST_CASE("what is no list of patterns is refused, with its line, and nothing of it counts") {
  const std::pair<std::string, std::string> broken[] = {
      {"I1/*\nI2\n",
       "text:2:1: expected a pattern of <invariant>/<function>@<phase>/<event>, found 'I2'"},
      {" *", "text:1:2: expected a pattern of "},
      {"I1/* I2/*\n", "text:1:5: expected one word of ASCII characters, found ' I2/*'"},
      {"I1/\xc3\xa9\n", "text:1:4: expected one word of ASCII characters, found '\\xc3\\xa9'"},
      {"\n\nI1/\xff\xfe\n", "text:3:4: expected UTF-8 without control characters, found '\\xff"},
      {std::string("I1/a\0b\n", 7), "text:1:5: expected UTF-8 without"},
      {std::string("# a\0b\n", 6), "text:1:4: expected UTF-8 without"},
      {"# \x1b[2J", "text:1:3: expected UTF-8 without control characters, found '\\x1b[2J'"},
      {"\x7f"
       "ELF/\n",
       "text:1:1: expected UTF-8 without"},
      {"I1/*\n# " + std::string(5000, 'x'),
       "text:2:1001: expected at most 1000 bytes in a line, found '" + std::string(60, 'x') +
           "...'"},
      {Many(kMaxPatterns + 1), "text:1001:1: expected at most 1000 patterns, found 'I1/*'"}};
  for (const auto& [text, message] : broken) {
    Suppressions s;
    INFO(message);
    CHECK_FALSE(s.Add(text, "text"));
    CHECK(s.error().substr(0, message.size()) == message);
    CHECK(s.error().size() < 300);
    CHECK(s.empty());
  }
}

TEST_CASE("a file that is not there is an error, not an empty one") {
  Suppressions s;
  CHECK_FALSE(s.Load("regress/unit/no-such-file"));
  CHECK(s.error() == "regress/unit/no-such-file: No such file or directory");
  CHECK_FALSE(s.Load("regress/unit"));
  CHECK(s.error() == "regress/unit: Is a directory");
  CHECK_FALSE(s.Load("/dev/zero"));
  CHECK(s.error().substr(0, 25) == "/dev/zero: is larger than");
  CHECK(s.empty());
}

// ---- regress/known-findings.supp ----

constexpr char kKnown[] = "regress/known-findings.supp";

TEST_CASE("every finding that is kept is a known one, and every known one is kept") {
  Suppressions known;
  REQUIRE(known.Load(kKnown));
  uint32_t failed = 0;
  for (const fs::directory_entry& e : fs::directory_iterator("regress/crashes")) {
    if (e.path().extension() != ".scn") continue;
    const auto file = scenario::Parse(Contents(e.path()), e.path().string(), run::Names());
    REQUIRE(file.ok());
    const run::Outcome o = run::Run(file->scenario);
    INFO(e.path());
    REQUIRE(o.first() != nullptr);
    const std::string token = DedupToken(*o.first(), *drivers::kDrivers[file->scenario.driver]);
    INFO(token);
    CHECK(known.Match(token));
    ++failed;
  }
  CHECK(failed >= 19);
  CHECK(known.UnusedReport().empty());
}

// The ids of findings in the parts of a text that match `where`.
std::set<std::string> Ids(const std::string& text, const char* where) {
  std::set<std::string> ids;
  const std::regex line(where);
  const std::regex id("[MHC]-[0-9]{2}");
  for (std::sregex_iterator l(text.begin(), text.end(), line), end; l != end; ++l) {
    const std::string found = l->str();
    for (std::sregex_iterator i(found.begin(), found.end(), id); i != end; ++i) {
      ids.insert(i->str());
    }
  }
  return ids;
}

TEST_CASE("the known findings are those of docs/findings.md") {
  const std::set<std::string> known = Ids(Contents(kKnown), "\n# [^\n]*:");
  CHECK(known.size() >= 13);
  CHECK(known == Ids(Contents("docs/findings.md"), "\n\\| \\[[^\\]]*\\]"));
}

}  // namespace
}  // namespace hotplug::report
