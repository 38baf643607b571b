// SPDX-License-Identifier: GPL-2.0-or-later
//
// changes COUNT [SEED]
//
// Changes one field of one line of a recording, COUNT times, spread over all recordings, kinds of
// lines and fields, and prints where conform notices it: at that line, at another one, or never.
// Run at the top of the repository.
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/fidelity/recording/change.h"
#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/replay.h"
#include "regress/soak/classes.h"

namespace hotplug::changes {
namespace {

constexpr uint64_t kMaxCount = 1'000'000;
constexpr const char* kFolder = "regress/real-kernel-traces";

struct Recording {
  std::string path;
  recording::File file;
};

struct Counts {
  uint64_t tried = 0;
  uint64_t here = 0;   // noticed at the line that was changed
  uint64_t later = 0;  // noticed at another line
  uint64_t never() const { return tried - here - later; }
};

struct Key {
  recording::Kind kind;
  std::string field;
  const Row* row;
  auto operator<=>(const Key&) const = default;
};
using Table = std::map<Key, Counts>;

std::vector<Recording> ReadAll() {
  std::vector<Recording> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
    if (entry.path().extension() != ".tr") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    absl::StatusOr<recording::File> file = recording::Parse(text, entry.path().string());
    if (file.ok()) all.push_back({entry.path().string(), *std::move(file)});
  }
  std::sort(all.begin(), all.end(),
            [](const Recording& a, const Recording& b) { return a.path < b.path; });
  return all;
}

const recording::Line& LineAt(const recording::File& file, uint32_t number) {
  return *std::find_if(file.lines.begin(), file.lines.end(),
                       [number](const recording::Line& line) { return line.number == number; });
}

// For somebody who wants to see what went unnoticed.
void Explain(const Recording& recording, const recording::Change& change, uint32_t noticed) {
  if (std::getenv("CHANGES_VERBOSE") == nullptr) return;
  std::fprintf(stderr, "%s:%" PRIu32 ": %s %s: %s -> %s noticed at %" PRIu32 "\n",
               recording.path.c_str(), change.line, recording::KindName(change.kind),
               change.field.c_str(), change.old_text.c_str(), change.new_text.c_str(), noticed);
}

void Try(const Recording& recording, uint64_t seed, Table* table) {
  recording::Change change;
  const std::optional<recording::File> changed =
      recording::ChangeOneField(recording.file, seed, &change);
  if (!changed.has_value()) return;
  const recording::Line& line = LineAt(recording.file, change.line);
  Counts& counts = (*table)[{change.kind, change.field, RowOf(line, change.field)}];
  ++counts.tried;
  const absl::StatusOr<replay::Report> report = replay::Replay(*changed, recording.path, false);
  const bool noticed = !report.ok() || !report->differences.empty();
  const uint32_t where = report.ok() && noticed ? report->differences.front().line : 0;
  counts.here += noticed && where == change.line ? 1 : 0;
  counts.later += noticed && where != change.line ? 1 : 0;
  if (where != change.line) Explain(recording, change, where);
}

const char* NameOf(const Row* row) {
  if (row == nullptr) return "output";
  return row->what == Class::kInput ? "input" : "noise";
}

// Of several forms with the same first word: which one.
std::string Shape(recording::Kind kind) {
  switch (kind) {
    case recording::Kind::kReqFailed:
      return " (open fails)";
    case recording::Kind::kPagesNovalid:
      return " (novalid)";
    case recording::Kind::kPagesPoisoned:
      return " (poisoned)";
    case recording::Kind::kZoneTotal:
      return " (totalram)";
    case recording::Kind::kEatCheck:
      return " (check)";
    case recording::Kind::kMtAlloc:
      return " (alloc)";
    case recording::Kind::kMtOffline:
      return " (offline)";
    case recording::Kind::kMtDone:
      return " (done)";
    case recording::Kind::kMtAdd:
      return " (add)";
    case recording::Kind::kMtOnline:
      return " (online)";
    case recording::Kind::kMtFree:
      return " (free)";
    case recording::Kind::kMtForgotten:
      return " (forgotten)";
    case recording::Kind::kFnEnter:
      return " (enter)";
    case recording::Kind::kFnRet:
      return " (ret)";
    default:
      return "";
  }
}

void PrintTable(const Table& table) {
  std::printf("| line | field | class | changes | at the line | elsewhere | never | why |\n");
  std::printf("|---|---|---|---|---|---|---|---|\n");
  for (const auto& [key, c] : table) {
    const bool form = key.row != nullptr && *key.row->form != '\0';
    std::printf("| %s%s | %s%s | %s | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64
                " | %s |\n",
                recording::KindName(key.kind), Shape(key.kind).c_str(), key.field.c_str(),
                form ? (std::string(" (") + key.row->form + ")").c_str() : "", NameOf(key.row),
                c.tried, c.here, c.later, c.never(), key.row == nullptr ? "" : key.row->reason);
  }
}

double Percent(uint64_t part, uint64_t of) {
  return of == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(of);
}

void PrintTotal(const char* name, const Counts& c) {
  std::printf("| %s | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64
              " | %.2f %% | %.2f %% |\n",
              name, c.tried, c.here, c.later, c.never(), Percent(c.here, c.tried),
              Percent(c.here + c.later, c.tried));
}

void PrintTotals(const Table& table) {
  std::map<std::string, Counts> of_class;
  for (const auto& [key, c] : table) {
    for (const char* name : {NameOf(key.row), "all"}) {
      Counts& sum = of_class[name];
      sum.tried += c.tried;
      sum.here += c.here;
      sum.later += c.later;
    }
  }
  std::printf("| class | changes | at the line | elsewhere | never | at the line | noticed |\n");
  std::printf("|---|---|---|---|---|---|---|\n");
  for (const char* name : {"output", "input", "noise", "all"}) PrintTotal(name, of_class[name]);
}

int Run(uint64_t count, uint64_t seed) {
  const std::vector<Recording> all = ReadAll();
  if (all.empty()) {
    std::fprintf(stderr, "changes: no recordings in %s\n", kFolder);
    return 2;
  }
  const bool shows = isatty(STDERR_FILENO) != 0;
  Table table;
  for (uint64_t i = 0; i < count; ++i) {
    Try(all[i % all.size()], seed + i, &table);
    if (shows && i % 50 == 0) std::fprintf(stderr, "\r%" PRIu64 " of %" PRIu64, i, count);
  }
  if (shows) std::fprintf(stderr, "\r\033[K");
  PrintTotals(table);
  std::printf("\n");
  PrintTable(table);
  return std::fflush(stdout) == 0 ? 0 : 2;
}

}  // namespace
}  // namespace hotplug::changes

int main(int argc, char** argv) {
  const uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  if (argc > 3 || count == 0 || count > hotplug::changes::kMaxCount) {
    std::fputs("usage: changes COUNT [SEED]\n", stderr);
    return 2;
  }
  return hotplug::changes::Run(count, seed);
}
