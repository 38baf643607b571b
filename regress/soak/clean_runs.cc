// SPDX-License-Identifier: GPL-2.0-or-later
//
//   clean_runs DRIVER CORE_FIXES FIRST COUNT SEED [FOLDER]
//
// Runs COUNT scenarios of the campaign SEED from number FIRST on, and goes on whatever they show:
// DRIVER with its fixes ("merged+all_nodes"), on all kernels in turn with those of CORE_FIXES
// ("notify_all+drain_loop"). Every second scenario is generated, and the next one is a mutation of
// it; the campaign's seed and the scenario's number alone decide which.
//
// Prints, with tabs between the fields, how many runs ended with each verdict, showed each
// violation and each result of a write to `enable`, and came through each cell of the table of what
// can happen to the driver. FIRST is the number of the first run, whose scenario is put into
// FOLDER; notes are runs that reached the step limit, and those with something that is in no cell:
//
//   verdict NAME RUNS
//   violation TOKEN RUNS FIRST
//   note limit|unforeseen RUNS FIRST
//   write RC RUNS
//   cell OUTCOME CAUSE BLOCK RUNS
#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fuzz/mutate/mutate.h"
#include "fuzz/report/token.h"
#include "model/mm/kernel.h"
#include "model/mm/tracepoints.h"
#include "model/run/run.h"
#include "model/scenario/generate.h"
#include "model/scenario/print.h"
#include "model/scenario/random.h"
#include "model/scenario/spec.h"

namespace {

using namespace hotplug;  // NOLINT: a program of one page

// ---- What can happen to a driver ----------------------------------------------------------

// The block of a range that it happened to.
enum Block : uint8_t { kNoBlock, kOnly, kFirst, kMiddle, kLast, kNrBlocks };
constexpr const char* kBlockNames[kNrBlocks] = {"-", "only", "first", "middle", "last"};

enum class Outcome : uint8_t {
  kTaken,
  kNotFound,
  kNotTaken,
  kNotShown,
  kNoArray,
  kGivenBack,
  kKept
};
enum class Cause : uint8_t {
  kNone,
  kFault,
  kNothingFree,
  kNotIsolated,
  kInUse,
  kRefusedBefore,
  kRefusedBehind,
  kHidden,
  kHeld,
  kPoisoned,
  kSignal,
  kOnliningRefused,
  kOther,
};

enum : uint8_t { kAtNone = 1 << kNoBlock, kAtSome = 0x1e };

// What can be; docs/fuzzing.md says why nothing else can. `at` has a bit for each block.
struct Row {
  Outcome outcome;
  Cause cause;
  uint8_t at;
  bool hotplug_only;  // by drivers that offline what they take
  const char* what;
  const char* why;
};
// clang-format off
constexpr Row kRows[] = {
    {Outcome::kTaken,     Cause::kNone,            kAtNone, false, "taken", "-"},
    {Outcome::kNotFound,  Cause::kNone,            kAtNone, false, "not found", "no candidate"},
    {Outcome::kNotFound,  Cause::kNothingFree,     kAtNone, false, "not found", "candidate not free"},
    {Outcome::kNotFound,  Cause::kNotIsolated,     kAtSome, false, "not found", "isolation refused"},
    {Outcome::kNotFound,  Cause::kInUse,           kAtSome, false, "not found", "page in use"},
    {Outcome::kNotTaken,  Cause::kRefusedBefore,   kAtSome, true,  "not taken", "notifier before it refuses"},
    {Outcome::kNotTaken,  Cause::kRefusedBehind,   kAtSome, true,  "not taken", "notifier behind it refuses"},
    {Outcome::kNotTaken,  Cause::kHidden,          kAtSome, true,  "not taken", "notifier before it stops the walk"},
    {Outcome::kNotTaken,  Cause::kHeld,            kAtSome, true,  "not taken", "page held"},
    {Outcome::kNotTaken,  Cause::kPoisoned,        kAtSome, true,  "not taken", "page poisoned"},
    {Outcome::kNotTaken,  Cause::kSignal,          kAtSome, true,  "not taken", "signal"},
    {Outcome::kNoArray,   Cause::kFault,           kAtNone, false, "no array", "fault"},
    {Outcome::kNotShown,  Cause::kFault,           kAtNone, false, "taken, no file", "fault"},
    {Outcome::kGivenBack, Cause::kNone,            kAtNone, false, "given back", "-"},
    {Outcome::kGivenBack, Cause::kOnliningRefused, kAtSome, true,  "given back", "onlining refused"},
    {Outcome::kKept,      Cause::kFault,           kAtNone, false, "not given back", "fault"},
};
// clang-format on
constexpr uint32_t kNrRows = std::size(kRows);

// The cells that a run came through, and the results of its writes.
struct Seen {
  std::bitset<kNrRows * kNrBlocks> cells;
  std::set<int32_t> writes;
  bool other = false;  // something that is in no row

  void Add(Outcome outcome, Cause cause, Block block) {
    for (uint32_t i = 0; i < kNrRows; ++i) {
      if (kRows[i].outcome != outcome || kRows[i].cause != cause) continue;
      other = other || (kRows[i].at >> block & 1) == 0;
      cells.set(i * kNrBlocks + block);
      return;
    }
    other = true;
  }
};

// What a task does with one range, read from the records of the run.
class Story {
 public:
  void Read(const sim::Record& r, Seen* seen);

 private:
  enum class State : uint8_t { kNothing, kSearching, kOfflining, kAdding };

  void Search(const sim::Record& r);
  void Offline(const sim::Record& r);
  void End(Outcome outcome, Seen* seen) {
    seen->Add(outcome, cause_, block_);
    *this = Story{};
  }
  void Begin(State state, uint32_t start, uint32_t nr, Cause cause) {
    *this = Story{};
    state_ = state;
    start_ = start;
    nr_ = nr;
    cause_ = cause;
  }
  void Fail(Cause cause, uint32_t pfn) {
    cause_ = cause;
    block_ = BlockOf(pfn);
  }
  // The range of a candidate is isolated with what is around it.
  Block BlockOf(uint32_t pfn) const {
    if (pfn == mm::kNoPfn || nr_ == 0) return kNoBlock;
    const uint32_t pages = mm::PagesPerBlock();
    const uint32_t at = std::clamp(pfn, start_, start_ + nr_ - 1) - start_;
    if (nr_ <= pages) return kOnly;
    return at < pages ? kFirst : at + pages >= nr_ ? kLast : kMiddle;
  }

  uint32_t start_ = 0;
  uint32_t nr_ = 0;
  Cause cause_ = Cause::kNone;
  Block block_ = kNoBlock;
  State state_ = State::kNothing;
  bool asked_ = false;  // the driver has agreed to the offlining of the block
  Cause refusal_ = Cause::kOther;
};

int32_t Errno(uint32_t operand) { return static_cast<int32_t>(operand); }

// From the first candidate to the allocation.
void Story::Search(const sim::Record& r) {
  switch (r.tp) {
    case mm::kTpIsolate:
      if (Errno(r.b) != 0) Fail(Cause::kNotIsolated, r.a);
      break;
    case mm::kTpTestIsolated:
      if (Errno(r.b) != 0) Fail(Cause::kInUse, r.c);
      break;
    case mm::kTpGrabRange:
      if (Errno(r.c) == 0) state_ = State::kOfflining;
      break;
    default:
      break;
  }
}

// From the allocation until all blocks are offline or one is not.
void Story::Offline(const sim::Record& r) {
  const uint32_t pfn = mm::FirstPfn(mm::BlockId{r.a & 0xffff}).v;
  switch (r.tp) {
    case mm::kTpNotifierCall: {
      if (r.a >> 16 != mm::MEM_GOING_OFFLINE) break;
      const bool driver = r.b >= mm::kDriverName;
      const bool agrees = mm::notifier_to_errno(Errno(r.c)) == 0;
      if (!agrees) {
        refusal_ = driver ? Cause::kHeld : asked_ ? Cause::kRefusedBehind : Cause::kRefusedBefore;
      }
      asked_ = asked_ || (driver && agrees);
      break;
    }
    case mm::kTpOfflinedPages:
      asked_ = false;
      break;
    case mm::kTpOfflineFailedNotifier:
      Fail(refusal_, pfn);
      break;
    case mm::kTpOfflineFailedSignal:
      Fail(Cause::kSignal, pfn);
      break;
    case mm::kTpOfflineFailedUnmovable:
      Fail(asked_ ? Cause::kOther : Cause::kHidden, pfn);
      break;
    case mm::kTpOfflineFailedIsolate:
      // The driver has the whole block: nothing else of it can be in the way.
      Fail(Cause::kPoisoned, pfn);
      break;
    case mm::kTpOfflineFailedHole:
    case mm::kTpOfflineFailedZones:
      Fail(Cause::kOther, pfn);
      break;
    default:
      break;
  }
}

void Story::Read(const sim::Record& r, Seen* seen) {
  switch (r.tp) {
    case drivers::kTpLogNoMemory:
      return End(state_ == State::kOfflining ? Outcome::kNotTaken : Outcome::kNotFound, seen);
    case drivers::kTpLogAllocated:
      return End(Outcome::kTaken, seen);
    case drivers::kTpLogNoArray:
      return seen->Add(Outcome::kNoArray, Cause::kFault, kNoBlock);
    case drivers::kTpLogMapFailed:
      return seen->Add(Outcome::kNotShown, Cause::kFault, kNoBlock);
    case mm::kTpContigCandidate:
      return Begin(State::kSearching, r.a, r.b, r.c != 0 ? Cause::kNone : Cause::kNothingFree);
    case mm::kTpAddMemory:
      return Begin(State::kAdding, mm::FirstPfn(mm::BlockId{r.a}).v, r.b * mm::PagesPerBlock(),
                   Errno(r.c) == 0 ? Cause::kNone : Cause::kFault);
    case mm::kTpCreateMapping:
      return Begin(State::kAdding, r.a, r.b, Errno(r.c) == 0 ? Cause::kNone : Cause::kFault);
    case mm::kTpOnlineFailed:
      if (state_ == State::kAdding) Fail(Cause::kOnliningRefused, mm::FirstPfn(mm::BlockId{r.a}).v);
      return;
    case drivers::kTpLogAddedBack:
    case drivers::kTpLogFreed:
      return End(Outcome::kGivenBack, seen);
    case drivers::kTpLogAddFailed:
    case drivers::kTpLogFreeFailed:
      return End(Outcome::kKept, seen);
    case scenario::EndOf(scenario::OpKind::kWriteEnable):
      seen->writes.insert(Errno(r.a));
      return;
    default:
      if (state_ == State::kSearching) Search(r);
      if (state_ == State::kOfflining) Offline(r);
      if (r.tp > scenario::EndOf(scenario::OpKind::kWriteEnable))
        *this = Story{};  // another call has returned
  }
}

Seen Read(const std::vector<sim::Record>& trace) {
  Seen seen;
  std::array<Story, kMaxThreads> stories{};
  for (const sim::Record& r : trace) {
    if (r.task < kMaxThreads) stories[r.task].Read(r, &seen);
  }
  return seen;
}

// ---- The campaign -------------------------------------------------------------------------

struct Campaign {
  scenario::Scenario with;  // its driver, and the fixes
  uint64_t seed;
  std::string folder;

  scenario::Scenario ScenarioOf(uint64_t number) const;
};

// The scenario of a number: an odd one is a mutation of the one before.
scenario::Scenario Campaign::ScenarioOf(uint64_t number) const {
  scenario::Random random(scenario::Random(seed).Next() + number / 2);
  scenario::GenerateOptions options;
  options.driver = with.driver;
  options.nr_kernels = mm::kNrKernels;
  options.kernel = static_cast<int32_t>(number / 2 % mm::kNrKernels);
  scenario::Scenario s = scenario::Generate(random.Next(), options);
  if (number % 2 != 0) {
    static std::vector<uint8_t> bytes;
    const mutate::Limits limits{.nr_kernels = mm::kNrKernels};
    mutate::Mutate(limits, static_cast<uint32_t>(random.Next()), &s, &bytes);
  }
  s.driver = with.driver;
  s.fixes = with.fixes;
  s.machine.fixes = with.machine.fixes;
  return s;
}

struct Finds {
  uint64_t runs = 0;
  uint64_t first = 0;
};

struct Counts {
  std::map<std::string, uint64_t> verdicts;
  std::map<std::string, Finds> violations;
  std::map<std::string, Finds> notes;
  std::map<int32_t, uint64_t> writes;
  std::array<uint64_t, kNrRows * kNrBlocks> cells{};
};

// Its file is called after the token, without what a file's name cannot have.
void Keep(const scenario::Scenario& s, std::string token, const std::string& folder) {
  std::replace(token.begin(), token.end(), '/', '_');
  std::ofstream(folder + "/" + token + ".scn") << scenario::Print(s, run::Names());
}

void Count(const Campaign& campaign, uint64_t number, const scenario::Scenario& s,
           const run::Outcome& outcome, Counts* counts) {
  ++counts->verdicts[outcome.stuck_benign ? "ok, stuck(benign)" : run::Name(outcome.verdict)];
  const Seen seen = Read(run::Trace());
  for (const int32_t rc : seen.writes) ++counts->writes[rc];
  for (uint32_t i = 0; i < counts->cells.size(); ++i) counts->cells[i] += seen.cells[i];
  const auto note = [&](const std::string& name, std::map<std::string, Finds>* finds) {
    Finds& f = (*finds)[name];
    if (f.runs++ != 0) return;
    f.first = number;
    if (!campaign.folder.empty()) Keep(s, name, campaign.folder);
  };
  if (outcome.first() != nullptr) {
    note(report::DedupToken(*outcome.first(), *drivers::kDrivers[s.driver]), &counts->violations);
  }
  if (outcome.verdict == run::Verdict::kLimit) note("limit", &counts->notes);
  if (seen.other) note("unforeseen", &counts->notes);
}

void Print(const Campaign& campaign, const Counts& counts) {
  const auto u64 = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  for (const auto& [name, runs] : counts.verdicts) {
    std::printf("verdict\t%s\t%llu\n", name.c_str(), u64(runs));
  }
  const auto print = [&u64](const char* kind, const std::map<std::string, Finds>& finds) {
    for (const auto& [name, f] : finds) {
      std::printf("%s\t%s\t%llu\t%llu\n", kind, name.c_str(), u64(f.runs), u64(f.first));
    }
  };
  print("violation", counts.violations);
  print("note", counts.notes);
  for (const auto& [rc, runs] : counts.writes) std::printf("write\t%d\t%llu\n", rc, u64(runs));
  const bool hotplug = !drivers::kDrivers[campaign.with.driver]->keeps_blocks;
  for (uint32_t i = 0; i < kNrRows * kNrBlocks; ++i) {
    const Row& row = kRows[i / kNrBlocks];
    if ((row.at >> i % kNrBlocks & 1) == 0 || (row.hotplug_only && !hotplug)) continue;
    std::printf("cell\t%s\t%s\t%s\t%llu\n", row.what, row.why, kBlockNames[i % kNrBlocks],
                u64(counts.cells[i]));
  }
}

void RunAll(const Campaign& campaign, uint64_t first, uint64_t count) {
  Counts counts;
  run::RunOptions options;
  options.keep_trace = true;
  run::Outcome outcome;
  for (uint64_t number = first; number < first + count; ++number) {
    const scenario::Scenario s = campaign.ScenarioOf(number);
    run::Run(s, options, &outcome);
    Count(campaign, number, s, outcome, &counts);
  }
  Print(campaign, counts);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: clean_runs DRIVER CORE_FIXES FIRST COUNT SEED [FOLDER]\n");
    return 2;
  }
  Campaign campaign{};
  const std::string kernel = std::string(mm::kKernelNames[0]) + "+" + argv[2];
  for (const scenario::SpecError& error :
       {scenario::ReadDriver(argv[1], run::Names(), &campaign.with),
        scenario::ReadKernel(kernel, run::Names(), &campaign.with.machine)}) {
    if (error.expected.empty()) continue;
    std::fprintf(stderr, "clean_runs: %s: expected %s\n", std::string(error.part).c_str(),
                 error.expected.c_str());
    return 2;
  }
  campaign.seed = std::strtoull(argv[5], nullptr, 10);
  if (argc > 6) campaign.folder = argv[6];
  RunAll(campaign, std::strtoull(argv[3], nullptr, 10), std::strtoull(argv[4], nullptr, 10));
  return 0;
}
