// SPDX-License-Identifier: GPL-2.0-or-later
//
// Copies of the user's headers in which a definition is ours. Lines keep their numbers.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fuzz/tree/headers.h"
#include "model/scenario/echo.h"

namespace hotplug::tree {

namespace {

struct Edit {
  const char* header;
  const char* begins;  // each definition that begins so, with a blank or a bracket behind it
  const char* ours;
  Version until{~0u};  // later ones have no such definition
};

constexpr Edit kEdits[] = {
    // A pageblock may be smaller than the largest order without huge pages.
    {"include/linux/pageblock-flags.h", "#define pageblock_order",
     "#define pageblock_order WORLD_PAGEBLOCK_ORDER"},
    // A subsection is what a pageblock is, as on x86: a section may be smaller than 2 MiB with a
    // virtual memmap, and what a block has of itself ends at a subsection.
    {"include/linux/mmzone.h", "#define SUBSECTION_SHIFT",
     "#define SUBSECTION_SHIFT (PAGE_SHIFT + WORLD_PAGEBLOCK_ORDER)"},
    // The one of SPARSEMEM is meant.
    {"arch/um/include/asm/page.h", "#define pfn_valid", "", {6, 2}},
    // Tasks do not lie on their stacks.
    {"arch/um/include/asm/thread_info.h", "static inline struct thread_info *current_thread_info",
     "extern struct thread_info *world_thread_info; static inline struct thread_info "
     "*current_thread_info(void) { return world_thread_info; }"},
};

bool Begins(absl::string_view line, absl::string_view words) {
  return absl::StartsWith(line, words) && line.size() > words.size() &&
         absl::StrContains(" \t(", line.substr(words.size(), 1));
}

// The last line of the definition that begins with this one: of a function it is the bracket in
// the first column.
size_t LastLine(const Words& lines, size_t first) {
  size_t last = first;
  const bool function = lines[first][0] != '#';
  while (last + 1 < lines.size() &&
         (function ? lines[last] != "}" : absl::EndsWith(lines[last], "\\"))) {
    ++last;
  }
  return last;
}

// How many definitions it has replaced.
uint32_t Apply(const Edit& edit, Words* lines) {
  uint32_t count = 0;
  for (size_t i = 0; i < lines->size(); ++i) {
    if (!Begins((*lines)[i], edit.begins)) continue;
    const size_t last = LastLine(*lines, i);
    (*lines)[i] = edit.ours;
    for (; i < last; ++i) (*lines)[i + 1].clear();
    ++count;
  }
  return count;
}

}  // namespace

absl::Status WriteEditedHeaders(const Workplace& workplace) {
  const Source& source = workplace.source();
  for (const Edit& edit : kEdits) {
    if (edit.until <= source.version()) continue;
    const absl::StatusOr<std::string> header = source.Read(edit.header);
    if (!header.ok()) return header.status();
    Words lines = absl::StrSplit(*header, '\n');
    if (Apply(edit, &lines) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(EchoName(source.shown()), "/", edit.header,
                                                     ": expected a definition that begins with \"",
                                                     edit.begins, "\""));
    }
    absl::Status status =
        workplace.Write(absl::StrCat("edited/", edit.header), absl::StrJoin(lines, "\n"));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace hotplug::tree
