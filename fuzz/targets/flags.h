// SPDX-License-Identifier: GPL-2.0-or-later
//
// The flags of the fuzz targets of drivers. docs/fuzzing.md has the table, and says why the
// defaults are what they are.
#ifndef FUZZ_TARGETS_FLAGS_H_
#define FUZZ_TARGETS_FLAGS_H_

#include <string>

#include "fuzz/report/suppressions.h"
#include "fuzz/targets/notes.h"
#include "model/scenario/echo.h"

namespace hotplug::targets {

struct Settings {
  bool mutate_bytes = false;
  bool edges_only = false;
  bool crossover = false;
  report::Suppressions known;
  report::Suppressions counted;
  Notes notes;
};

// A flag has one of two values, the first of which is the default, or a FILE.
struct Flag {
  const char* name;
  const char* value;
  const char* other;  // null for a FILE
  const char* sentence;
  bool Settings::* is_other = nullptr;
  // Of a FILE: what is wrong with it, or empty.
  std::string (*read)(const std::string& file, Settings* settings) = nullptr;
};

inline std::string ReadKnown(const std::string& file, Settings* settings) {
  return settings->known.Load(file) ? "" : settings->known.error();
}

inline std::string ReadCounted(const std::string& file, Settings* settings) {
  return settings->counted.Load(file) ? "" : settings->counted.error();
}

inline std::string OpenNotes(const std::string& file, Settings* settings) {
  return settings->notes.Open(file) ? "" : EchoName(file) + ": cannot be written";
}

// clang-format off
inline constexpr Flag kFlags[] = {
    {"mutator", "scenario", "bytes", "mutations of scenarios, or libFuzzer's of bytes",
     &Settings::mutate_bytes},
    {"feedback", "state", "edges",
     "feedback from the simulated state, or from the edges of the code alone",
     &Settings::edges_only},
    {"crossover", "off", "on", "splicing in half of all executions", &Settings::crossover},
    {.name = "suppressions", .value = "FILE", .other = nullptr,
     .sentence = "findings that the file knows end silently", .read = &ReadKnown},
    {.name = "known", .value = "FILE", .other = nullptr,
     .sentence = "the same, and at the end it is told how often", .read = &ReadCounted},
    {.name = "note-findings", .value = "FILE", .other = nullptr,
     .sentence = "findings are noted and kept, and fuzzing goes on", .read = &OpenNotes},
};
// clang-format on

}  // namespace hotplug::targets

#endif  // FUZZ_TARGETS_FLAGS_H_
