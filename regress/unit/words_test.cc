// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tables of words against what they are about: the Abseil flags that are defined, and the pages
// that show them. Method: both are read, and have to be equal; nothing here repeats a table.
#include "fuzz/cli/words.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "fuzz/targets/flags.h"
#include "model/drivers/driver.h"
#include "regress/unit/catch.h"

namespace hotplug {
namespace {

using Strings = std::vector<std::string>;

std::string Page(const std::string& name) {
  std::ifstream file("docs/" + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  REQUIRE_FALSE(text.empty());
  return text;
}

// What lies between the first `begin` and the next `end`, without them.
std::string Between(const std::string& text, const std::string& begin, const std::string& end) {
  const size_t at = text.find(begin);
  REQUIRE(at != std::string::npos);
  const size_t from = at + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

// The names of all flags that a text mentions.
std::set<std::string> FlagsIn(const std::string& text) {
  constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz";
  std::set<std::string> flags;
  for (size_t at = text.find("--"); at != text.npos; at = text.find("--", at + 2)) {
    const size_t end = text.find_first_not_of(absl::StrCat(kLetters, "-"), at + 2);
    const std::string flag = text.substr(at + 2, end - at - 2);
    if (flag.find_first_of(kLetters) == 0) flags.insert(flag);
  }
  return flags;
}

// ---- The command line ----

std::set<std::string> AllFlagNames() {
  std::set<std::string> all;
  for (const cli::Verb& verb : cli::Verbs()) {
    for (const std::string& name : cli::FlagNames(verb)) all.insert(name);
  }
  return all;
}

TEST_CASE("every flag of the command line is in its table", "[words]") {
  std::set<std::string> defined;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (absl::StrContains(flag->Filename(), "fuzz/cli/")) defined.emplace(name);
  }
  CHECK(defined == AllFlagNames());
}

TEST_CASE("a flag without a value is a bool, and a default is what its sentence says", "[words]") {
  for (const cli::Verb& verb : cli::Verbs()) {
    for (const cli::Flag& flag : verb.flags) {
      INFO(verb.name << " " << flag.name);
      const absl::CommandLineFlag* defined = absl::FindCommandLineFlag(flag.name);
      REQUIRE(defined != nullptr);
      CHECK(defined->IsOfType<bool>() == (flag.value == nullptr));
      const std::string sentence = flag.sentence == nullptr ? "" : flag.sentence;
      if (absl::EndsWith(sentence, ")")) {
        CHECK(Between(sentence, "(", ")") == defined->DefaultValue());
      }
    }
  }
}

TEST_CASE("a verb takes as many arguments as it names", "[words]") {
  const auto takes = [](const char* name) {
    const cli::Verb* verb = cli::FindVerb(name);
    REQUIRE(verb != nullptr);
    std::string counts;
    for (const size_t n : {0, 1, 2, 3}) counts += cli::Takes(*verb, n) ? 'y' : 'n';
    return counts;
  };
  CHECK(takes("explain") == "nynn");
  CHECK(takes("run") == "nyyy");
  CHECK(takes("check-refactor") == "nnyn");
}

TEST_CASE("exit codes are listed by number, and each has its rank", "[words]") {
  Strings ranks;
  for (const cli::ExitCode code : cli::kWorstFirst) ranks.push_back(absl::StrCat(code));
  Strings numbers;
  for (const cli::ExitWord& e : cli::ExitWords()) numbers.push_back(absl::StrCat(e.code));
  CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  CHECK(std::is_permutation(numbers.begin(), numbers.end(), ranks.begin(), ranks.end()));
  const std::string page = Page("command-line.md");
  CHECK(Between(page, "For several files it is the first of ", " that one of them has.") ==
        absl::StrJoin(ranks, ", "));
}

TEST_CASE("the page of the command line has its words", "[words]") {
  const std::string page = Page("command-line.md");
  CHECK(Between(page, "\n```\n", "```\n") == cli::Usage());

  // A section for each verb, in the same order; some share one.
  Strings sections;
  for (const std::string& line :
       Strings(absl::StrSplit(Between(page, "\n## Exit codes", "\f"), '\n'))) {
    if (!absl::StartsWith(line, "## ")) continue;
    for (const auto& verb : Strings(absl::StrSplit(line.substr(3), ", "))) sections.push_back(verb);
  }
  Strings verbs;
  for (const cli::Verb& verb : cli::Verbs()) verbs.emplace_back(verb.name);
  CHECK(sections == verbs);

  for (const std::string& flag : FlagsIn(page)) {
    INFO("--" << flag);
    CHECK(AllFlagNames().count(absl::StrReplaceAll(flag, {{"-", "_"}})) == 1);
  }
}

// ---- The fuzz targets ----

TEST_CASE("the page of the fuzzer has the flags of its targets", "[words]") {
  std::string rows;
  for (const targets::Flag& flag : targets::kFlags) {
    CHECK((flag.other == nullptr) == (flag.is_other == nullptr));
    CHECK((flag.other == nullptr) == (flag.read != nullptr));
    const std::string other = flag.other == nullptr ? "" : absl::StrCat(" or `", flag.other, "`");
    absl::StrAppend(&rows, "| `--", flag.name, "=", flag.value, "`", other, " | ", flag.sentence,
                    " |\n");
  }
  CHECK(Between(Page("fuzzing.md"), "| flag of the target | |\n|---|---|\n", "\n\n") + "\n" ==
        rows);
}

TEST_CASE("the page of the findings has a row for each driver", "[words]") {
  const std::string page = Page("findings.md");
  for (uint32_t row = 0; row < drivers::kNrDrivers; ++row) {
    const std::string name = drivers::kDrivers[row]->name;
    CHECK(name == drivers::kDriverNames[row]);
    if (name == "canary") continue;  // which is no algorithm
    INFO(name);
    CHECK(absl::StrContains(page, absl::StrCat("\n| `", name, "` | ")));
  }
}

}  // namespace
}  // namespace hotplug
