// SPDX-License-Identifier: GPL-2.0-or-later
//
// The words of the command line: verbs, what they take, exit codes. The usage text is a walk over
// these tables, and docs/command-line.md has it word for word.
#ifndef FUZZ_CLI_WORDS_H_
#define FUZZ_CLI_WORDS_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fuzz/cli/cli.h"

namespace hotplug::cli {

// A flag of a verb. Its type and its default are with the Abseil flag of that name.
struct Flag {
  const char* name;      // `print_expect` is --print-expect, `out` is -o
  const char* value;     // what stands for its value; null if it is there or not
  const char* sentence;  // null: the verb needs it, and it stands beside the arguments
};

// Flags that several verbs have, a bit each.
enum FlagGroup : uint32_t {
  kOfScenarios = 1 << 0,    // where there is a FILE
  kOfDriverFiles = 1 << 1,  // where --driver= may be a file
  kOfCompiling = 1 << 2,    // where that file is compiled
  kOfWorlds = 1 << 3,       // where the core of a kernel tree may run
};

struct Verb {
  const char* name;
  ExitCode (*main)(const Args& args);
  const char* arguments;  // a word each, if any; the last may end with "...", for one or more
  const char* sentence;
  std::initializer_list<Flag> flags;  // its own
  uint32_t groups = 0;
};

struct ExitWord {
  ExitCode code;
  const char* sentence;
};

// In the order of the usage text.
std::span<const Verb> Verbs();
// By number.
std::span<const ExitWord> ExitWords();
// Of several files the exit code is the first of these that one of them has.
inline constexpr ExitCode kWorstFirst[] = {kDied,  kUsage,   kTwoDigests, kFailed,
                                           kStuck, kSkipped, kAllWell};

// Null if there is none of that name.
const Verb* FindVerb(absl::string_view name);
bool Takes(const Verb& verb, size_t nr_arguments);
// The names of all flags that may be given, its own and those of its groups.
std::vector<std::string> FlagNames(const Verb& verb);

// A line for the verb and one for each flag of its own that it can do without.
std::string UsageOf(const Verb& verb);
std::string Usage();

// "run, explain and report", of two names at least.
std::string Listed(std::vector<std::string> names);

}  // namespace hotplug::cli

#endif  // FUZZ_CLI_WORDS_H_
