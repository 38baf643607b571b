// SPDX-License-Identifier: GPL-2.0-or-later
//
//   minimizations COUNT SEED
//
// Minimizes the first COUNT generated scenarios from SEED on that fail, of all drivers but the
// canary and of all kernels, and prints what became of them as a Markdown table, a row for each
// DEDUP_TOKEN. Fails if one of them came to another token, was not finished, or took too long.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "fuzz/report/minimize.h"
#include "fuzz/report/report.h"
#include "model/mm/kernel.h"
#include "model/scenario/generate.h"

namespace {

using namespace hotplug;  // NOLINT: a program of one page

constexpr uint64_t kMostSeedsPerFinding = 10000;
constexpr uint32_t kLimitMs = 10000;

struct Row {
  uint32_t findings = 0;
  uint32_t lines_before = 0;  // operations, answers and preemptions
  uint32_t lines_after = 0;
  uint32_t most_after = 0;
  uint32_t most_runs = 0;
  uint32_t most_ms = 0;
};

uint32_t Lines(const scenario::Scenario& s) {
  return s.ops.size + s.answers.size + s.schedule.size;
}

std::string TokenOf(const scenario::Scenario& s) { return report::TokenOf(s, {}, run::Run(s)); }

uint32_t MsSince(std::chrono::steady_clock::time_point start) {
  const auto passed = std::chrono::steady_clock::now() - start;
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(passed).count());
}

// Minimizes one scenario that fails; false if a promise is broken.
bool MinimizeOne(uint64_t seed, const scenario::Scenario& s, const std::string& token, Row& row) {
  const auto start = std::chrono::steady_clock::now();
  const report::Minimized m = report::Minimize(s, run::RunOptions{});
  const uint32_t ms = MsSince(start);
  ++row.findings;
  row.lines_before += Lines(s);
  row.lines_after += Lines(m.scenario);
  row.most_after = std::max(row.most_after, Lines(m.scenario));
  row.most_runs = std::max(row.most_runs, m.runs);
  row.most_ms = std::max(row.most_ms, ms);
  if (m.complete && TokenOf(m.scenario) == token && ms <= kLimitMs) return true;
  std::fprintf(stderr, "seed %llu, %s: %s, %u runs, %u ms\n", static_cast<unsigned long long>(seed),
               token.c_str(), TokenOf(m.scenario).c_str(), m.runs, ms);
  return false;
}

void Print(const std::map<std::string, Row>& rows) {
  std::printf(
      "| DEDUP_TOKEN | findings | lines before | lines after | most | most runs | most ms |\n"
      "|---|---|---|---|---|---|---|\n");
  for (const auto& [token, r] : rows) {
    std::printf("| %s | %u | %.1f | %.1f | %u | %u | %u |\n", token.c_str(), r.findings,
                1.0 * r.lines_before / r.findings, 1.0 * r.lines_after / r.findings, r.most_after,
                r.most_runs, r.most_ms);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t count = argc == 3 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (count == 0) {
    std::fprintf(stderr, "usage: minimizations COUNT SEED\n");
    return 2;
  }
  const uint64_t first = std::strtoull(argv[2], nullptr, 10);
  scenario::GenerateOptions options;
  options.nr_drivers = drivers::kNrDrivers;
  options.nr_kernels = mm::kNrKernels;
  std::map<std::string, Row> rows;
  uint64_t found = 0;
  bool kept = true;
  for (uint64_t seed = first; found < count && seed - first < count * kMostSeedsPerFinding;
       ++seed) {
    const scenario::Scenario s = scenario::Generate(seed, options);
    const std::string token = TokenOf(s);
    if (token.empty() || std::string(drivers::kDrivers[s.driver]->name) == "canary") continue;
    ++found;
    kept = MinimizeOne(seed, s, token, rows[token]) && kept;
  }
  Print(rows);
  return kept && found == count ? 0 : 1;
}
