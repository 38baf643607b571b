// SPDX-License-Identifier: GPL-2.0-or-later
//
// The text form of a scenario, read; docs/scenario-format.md specifies it.
//
//   absl::StatusOr<File> file = Parse(text, "corpus/memtrace.scn", names);
//   if (!file.ok()) std::cerr << file.status().message() << "\n";
//   // corpus/memtrace.scn:3:16: expected a kernel (rfc, 5.9), found '4.4'
#ifndef MODEL_SCENARIO_TEXT_PARSE_H_
#define MODEL_SCENARIO_TEXT_PARSE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/scenario/scenario.h"

namespace hotplug::scenario {

// A scenario and what its author expects of it: lines that mean nothing here.
struct File {
  Scenario scenario;
  std::vector<std::string> expect;
};

// The most lines of an `expect` block: more than a run has records.
inline constexpr size_t kMaxExpect = 10000;

// Whether these are the contents of a text file; otherwise they are in the byte form.
bool IsText(absl::string_view contents);

// What the contents of a file say: of a text, or of the byte form, which every byte
// string is in.
absl::StatusOr<File> Read(absl::string_view contents, absl::string_view filename,
                          const Names& names);

// The file that the text says. A broken text is InvalidArgument with the message
// `filename:line:column: expected X, found 'Y'`. The scenario keeps all rules.
absl::StatusOr<File> Parse(absl::string_view text, absl::string_view filename, const Names& names);

// The text of the file: that of its scenario, and its `expect` block if it has one.
std::string PrintFile(const File& file, const Names& names);

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_TEXT_PARSE_H_
