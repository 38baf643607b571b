// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/cli/words.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace hotplug::cli {

namespace {

// clang-format off
constexpr Verb kVerbs[] = {
    {"run", Run, "FILE...", "a line for each: what came out",
     {{"trace", nullptr, "and the trace below it"},
      {"verify", nullptr, "run twice and compare the digests"},
      {"expect", nullptr, "compare with the expect block instead; silent if it is so"},
      {"print_expect", nullptr, "print the expect block instead"},
      {"against", "DRIVER|model",
       "compare the driver with one of ours instead, or a tree with our model;\n"
       "silent if they agree"},
      {"record", "OUT", "and write what happened as a recording, which conform reads"}},
     kOfScenarios | kOfDriverFiles | kOfCompiling | kOfWorlds},
    {"explain", Explain, "FILE", "the report",
     {}, kOfScenarios | kOfDriverFiles | kOfCompiling | kOfWorlds},
    {"minimize", Minimize, "FILE", "the smallest scenario with the same DEDUP_TOKEN, as text",
     {{"out", "OUT", nullptr}}, kOfScenarios | kOfDriverFiles | kOfCompiling | kOfWorlds},
    {"promote", Promote, "FILE", "minimize into regress/crashes, with an expect block",
     {{"name", "N", nullptr},
      {"comment", "TEXT", "what it shows, in place of a generated sentence"},
      {"out", "DIR", "another folder"}},
     kOfScenarios | kOfWorlds},
    {"cures", Cures, "FILE...", "the known fixes that a finding goes away with",
     {}, kOfScenarios},
    {"show", Show, "FILE", "as text",
     {}, kOfScenarios | kOfWorlds},
    {"encode", Encode, "FILE", "as bytes",
     {{"out", "OUT", nullptr}}, kOfScenarios | kOfWorlds},
    {"compile", Compile, "FILE.c", "a driver's own file, for --driver=OUT.so",
     {{"out", "OUT.so", nullptr}}, kOfCompiling},
    {"compile-tree", CompileTree, "", "the core of a kernel tree, as a world (docs/your-tree.md)",
     {{"tree", "DIR", nullptr},
      {"out", "WORLD", nullptr},
      {"geometry", "NAME", "16 or 64 pages a block (16), or recorded: the recorded machine"},
      {"debug_vm", "on|off", "with the kernel's own checks (on)"},
      {"memmap", "vmemmap|classic", "how pages are found (vmemmap)"},
      {"config", "FILE", "more symbols: lines CONFIG_NAME=VALUE"},
      {"driver", "FILE.c", "and a driver's own file, for fuzz_world"},
      {"define", "MACRO[=VALUE],...", "with these macros"},
      {"show_config", nullptr, "print the .config and make nothing"},
      {"cc", "COMPILER", "with this gcc or clang"}}},
    {"coverage", Coverage, "FILE|DIR...", "which lines of a driver's file or a tree run, and which never do",
     {{"functions", "NAME,...", "of a tree: the lines of these, in place of a table of all"}},
     kOfScenarios | kOfDriverFiles | kOfCompiling | kOfWorlds},
    {"conform", Conform, "TRACE...", "the model against recordings of real kernels",
     {{"keep_going", nullptr, "count all differences instead of stopping at the first"}}},
    {"report", ReportFiles, "FILE...", "what came out, for continuous integration",
     {{"format", "junit|sarif", nullptr},
      {"distinct", nullptr, "of the files with one DEDUP_TOKEN the smallest only"}},
     kOfScenarios | kOfDriverFiles | kOfCompiling | kOfWorlds},
    {"check-refactor", CheckRefactor, "OLD NEW",
     "two builds: does anything that can be seen differ?\n"
     "each is a hotplug-fuzz, or a git revision, which is built",
     {{"count", "N", "so many generated scenarios (2000)"},
      {"seed", "N", "from this seed on (1)"}}},
    {"explore", Explore, "FILE",
     "every schedule of it, in the world of a tree (docs/exploring.md)",
     {{"states", "N", "at most so many states (10000000)"},
      {"depth_first", nullptr, "with less memory, and not the shortest ways"},
      {"out", "DIR", "a scenario there for each thing that was found"}},
     kOfScenarios | kOfWorlds},
    {"list", List, "WHAT", "drivers, kernels, fixes, invariants, actors, operations or anchors", {}},
};

// The flags of a group, below a line that may name its VERBS.
struct Group {
  FlagGroup bit;
  const char* heading;
  std::initializer_list<Flag> flags;
};

constexpr Group kGroups[] = {
    {kOfScenarios, "FILE is a scenario as text or as bytes. Wherever there is one:",
     {{"driver", "NAME", "instead of the scenario's"},
      {"kernel", "NAME", "instead of the scenario's"}}},
    {kOfDriverFiles, "VERBS take a driver's own file (docs/your-driver.md):",
     {{"driver", "FILE.c", "or what compile has made of it"},
      {"preempt", "memory", "it may be preempted at each access to shared memory, too"},
      {"stall", "SECONDS", "of processor time without progress end it (10)"},
      {"no_sandbox", nullptr, "its code may make system calls, and open what it likes"}}},
    {kOfWorlds, "VERBS\ntake the core of a kernel tree in place of our model (docs/your-tree.md):",
     {{"tree", "DIR[+FIX...]", "its files, compiled when they have changed"},
      {"world", "WORLD[+FIX...]", "what compile-tree has made of them"},
      {"geometry", "NAME", "with --tree: 16 or 64 pages a block (16), or recorded"},
      {"debug_vm", "on|off", "with --tree: with the kernel's own checks (on)"}}},
    {kOfCompiling, "VERBS compile it:",
     {{"cc", "COMPILER", "with this gcc or clang"},
      {"define", "MACRO[=VALUE],...", "with these macros"},
      {"param", "NAME=VALUE,...", "for these values of its module parameters"}}},
};

constexpr ExitWord kExitWords[] = {
    {kAllWell, "all well"},
    {kFailed, "a violation, or not as expected, or a recording that the model does not do"},
    {kUsage, "wrong usage, or an input that cannot be read"},
    {kStuck, "the run is stuck without a legal cause (liveness), or reached the step limit,\nor something that is not simulated"},
    {kSkipped, "nothing differs or was found, but not everything was looked at (check-refactor, explore)"},
    {kTwoDigests, "two runs of one input had different digests"},
    {kDied, "the driver's own file has ended its process, or makes no progress"},
};
// clang-format on

static_assert(std::size(kWorstFirst) == std::size(kExitWords), "every exit code has its rank");

std::string Spelling(const Flag& flag) {
  if (absl::string_view(flag.name) == "out") return absl::StrCat("-o ", flag.value);
  const std::string name = absl::StrCat("--", absl::StrReplaceAll(flag.name, {{"_", "-"}}));
  return flag.value == nullptr ? name : absl::StrCat(name, "=", flag.value);
}

// "run --trace FILE", say, and the sentence in a column of its own.
std::string Line(absl::string_view words, absl::string_view sentence) {
  constexpr int kColumn = 24;
  return absl::StrFormat("%-*s  %s\n", kColumn - 2, words,
                         absl::StrReplaceAll(sentence, {{"\n", "\n" + std::string(kColumn, ' ')}}));
}

std::string FlagLine(const Flag& flag) { return "  " + Line(Spelling(flag), flag.sentence); }

std::string VerbsWith(FlagGroup group) {
  std::vector<std::string> names;
  for (const Verb& verb : kVerbs) {
    if ((verb.groups & group) != 0) names.emplace_back(verb.name);
  }
  return Listed(names);
}

std::string UsageOf(const Group& group) {
  std::string text = absl::StrReplaceAll(group.heading, {{"VERBS", VerbsWith(group.bit)}}) + "\n";
  for (const Flag& flag : group.flags) text += FlagLine(flag);
  return text;
}

}  // namespace

std::string Listed(std::vector<std::string> names) {
  const std::string last = names.back();
  names.pop_back();
  return absl::StrCat(absl::StrJoin(names, ", "), " and ", last);
}

std::span<const Verb> Verbs() { return kVerbs; }

std::span<const ExitWord> ExitWords() { return kExitWords; }

const Verb* FindVerb(absl::string_view name) {
  const auto* const verb = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                        [name](const Verb& v) { return v.name == name; });
  return verb == std::end(kVerbs) ? nullptr : verb;
}

bool Takes(const Verb& verb, size_t nr_arguments) {
  const absl::string_view words = verb.arguments;
  if (words.empty()) return nr_arguments == 0;
  const auto named = static_cast<size_t>(std::count(words.begin(), words.end(), ' ')) + 1;
  return nr_arguments == named || (nr_arguments > named && absl::EndsWith(words, "..."));
}

std::vector<std::string> FlagNames(const Verb& verb) {
  std::vector<std::string> names;
  for (const Flag& flag : verb.flags) names.emplace_back(flag.name);
  for (const Group& group : kGroups) {
    if ((verb.groups & group.bit) == 0) continue;
    for (const Flag& flag : group.flags) names.emplace_back(flag.name);
  }
  return names;
}

std::string UsageOf(const Verb& verb) {
  std::string words = verb.name;
  if (verb.arguments[0] != '\0') absl::StrAppend(&words, " ", verb.arguments);
  std::string flags;
  for (const Flag& flag : verb.flags) {
    if (flag.sentence == nullptr) {
      absl::StrAppend(&words, " ", Spelling(flag));
    } else {
      flags += FlagLine(flag);
    }
  }
  return Line(words, verb.sentence) + flags;
}

std::string Usage() {
  std::string text = "usage: hotplug-fuzz VERB ...\n\n";
  for (const Verb& verb : kVerbs) text += UsageOf(verb);
  text += "\n";
  for (const Group& group : kGroups) text += UsageOf(group);
  text += "\nexit codes:\n";
  for (const ExitWord& e : kExitWords)
    absl::StrAppendFormat(&text, "  %d  %s\n", e.code,
                          absl::StrReplaceAll(e.sentence, {{"\n", "\n     "}}));
  return text;
}

ExitCode Worse(ExitCode a, ExitCode b) {
  return *std::find_if(std::begin(kWorstFirst), std::end(kWorstFirst),
                       [a, b](ExitCode code) { return code == a || code == b; });
}

ExitCode ExitCodeOf(run::Verdict verdict) {
  switch (verdict) {
    case run::Verdict::kOk:
      return kAllWell;
    case run::Verdict::kViolation:
      return kFailed;
    case run::Verdict::kLiveness:
    case run::Verdict::kLimit:
    case run::Verdict::kNotSimulated:
      break;
  }
  return kStuck;
}

}  // namespace hotplug::cli
