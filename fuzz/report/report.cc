// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/report.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "fuzz/report/anchors.h"
#include "fuzz/report/expect.h"
#include "fuzz/report/holders.h"
#include "fuzz/report/print_trace.h"
#include "fuzz/report/token.h"
#include "model/mm/kernel.h"
#include "model/scenario/print.h"
#include "model/scenario/spec.h"

namespace hotplug::report {

namespace {

using invariants::Id;
using invariants::Violation;
using scenario::Scenario;

// ---- What the numbers mean ----

bool Always(const Violation&) { return true; }
bool AboutBlock(const Violation& v) { return v.block != invariants::kNoBlock; }
bool AboutPage(const Violation& v) { return v.pfn != mm::kNoPfn; }
bool Expected(const Violation& v) { return v.expected != 0; }
bool Positive(const Violation& v) { return v.found > 0; }
template <auto kKind>
bool Kind(const Violation& v) {
  return v.found == static_cast<int32_t>(kKind);
}

// The first row that applies counts. %E expected, %F found, %O the owner's share of %E, %T
// transient references, %Y type and %P phase, of the page.
struct Meaning {
  Id id;
  bool (*applies)(const Violation&);
  const char* text;
};

// clang-format off
constexpr Meaning kMeanings[] = {
    {Id::kI1, Always, "count: expected %E (%O of the owner, %T transient), found %F"},
    {Id::kI2, Always, "type: expected Buddy or Offline, found both, with count %F"},
    {Id::kI3, Always,
     "free: expected type Buddy, count 0 and memory in use, found %Y, count %F and %P"},
    {Id::kI4, Always, "offline block: expected no page in the buddy or on the LRU, found %Y, count %F"},
    {Id::kI5, Always, "memmap: expected no access to an absent block, found one"},
    {Id::kI6, Kind<mm::kLostOffline>,
     "type: expected PageOffline until its owner clears it, found it lost in bad_page()"},
    {Id::kI6, Always, "access: expected the owner alone, found a driver's code that is not the owner's"},
    {Id::kI7, Always,
     "left behind by a call that failed: expected count %E (transient), found %F, %Y"},
    {Id::kI8, Expected, "record: expected the range in the driver's own, found it nowhere"},
    {Id::kI8, AboutPage, "page: expected the owner that has reserved it, found another"},
    {Id::kI8, Always, "block: expected absent, found its device or its resource"},
    {Id::kI9, Positive, "references dropped and not retaken: expected 0, found %F"},
    {Id::kI9, Always, "references dropped minus retaken: expected 0, found %F"},
    {Id::kI10, Always, "nr_isolate_pageblock: expected %E by the pageblocks of the zone, found %F"},
    {Id::kI11, Always,
     "managed, present or free pages: expected %E by the pages of the zone or node, found %F"},
    {Id::kI12, AboutBlock, "dev.offline: expected %E by the state of the block, found %F"},
    {Id::kI12, Always,
     "blocks in going-offline while nobody holds device_hotplug_lock: expected 0, found %F"},
    {Id::kI14, Kind<sim::LockFault::kNotHolder>, "lock: expected its holder, found another task releasing it"},
    {Id::kI14, Kind<sim::LockFault::kAtomicSleep>, "context: expected no sleep while atomic, found one"},
    {Id::kI14, Kind<sim::LockFault::kOrder>, "lock: expected one order, found a circle"},
    {Id::kI14, Kind<sim::LockFault::kRecursion>, "lock: expected another holder, found the task itself"},
    {Id::kI14, Kind<sim::LockFault::kNotReleased>, "lock: expected none at the return to user space, found one held"},
    {Id::kI15, AboutPage, "orphan: expected free or owned by somebody alive, found count %F, %Y"},
    {Id::kI15, Positive, "present or ejected: expected in nobody's records as removed, found it in a driver's"},
    {Id::kI15, Always, "orphan: expected the absent block in its remover's records, found it in none"},
    {Id::kI16, Always, "contents: expected cleared, found what Linux had left"},
    {Id::kI17, Always, "memory_block devices that are gone and not freed: expected 0, found %F"},
    {Id::kI18, AboutBlock, "MEM_CANCEL_OFFLINE: expected the isolation undone before it, "
     "found it in place"},
    {Id::kI18, Always, "event: expected OFFLINE, ONLINE or CANCEL for everybody who was told GOING, found "
     "a notifier without it"},
    {Id::kI19, Always, "memory: expected a driver's that has it reserved, found it given back"},
};
// clang-format on

std::string TypeName(uint32_t type) {
  constexpr const char* kNames[] = {"no type", "Buddy", "Offline", "Buddy and Offline"};
  return kNames[type & 3];
}

std::string Value(char letter, const Violation& v) {
  switch (letter) {
    case 'E':
      return std::to_string(v.expected);
    case 'F':
      return std::to_string(v.found);
    case 'O':
      return std::to_string(v.expected - v.transient);
    case 'T':
      return std::to_string(v.transient);
    case 'Y':
      return TypeName(v.page_type);
    default:
      return std::string("a block ") + PhaseName(v.phase);
  }
}

// ---- Who is who ----

std::string OwnerName(mm::Owner o, const Scenario& s) {
  constexpr const char* kNames[] = {"nobody",
                                    "the buddy",
                                    "nobody (being freed)",
                                    "the kernel since boot",
                                    "mm (being onlined, or the target of a migration)",
                                    "the kernel",
                                    "the module of the recordings",
                                    "nobody (free, on the list of a CPU)"};
  static_assert(std::size(kNames) == mm::kPcp + 1, "a name for each owner that is no object");
  if (mm::IsInstance(o)) {
    const mm::InstanceGhost& i = mm::InstanceAt(o);
    return "memory allocated by " + TaskOrNone(s, i.task) +
           Format(", pfn 0x%x-0x%x", i.base, i.base + i.nr - 1) +
           (mm::Live(i) ? "" : ", whose call is over");
  }
  if (mm::IsAllocation(o)) {
    return "an allocation of " + TaskOrNone(s, run::AllocationOf(o).task);
  }
  return kNames[o];
}

std::string PlaceLines(const Violation& v, const Scenario& s) {
  std::string out;
  if (AboutPage(v)) {
    const uint32_t page = v.pfn & (scenario::PagesPerBlock(s.machine) - 1);
    out += Format("page: pfn 0x%x, page %u of memory%u, type %s\n", v.pfn, page, v.block,
                  v.page_type == 0 ? "none" : TypeName(v.page_type).c_str());
    out += "owner: " + OwnerName(v.owner, s) + "\n";
  }
  if (AboutBlock(v)) {
    out += Format("block: memory%u, %s, last event %s\n", v.block, PhaseName(v.phase),
                  EventName(v.last_event).c_str());
  }
  return out;
}

std::string WaitLine(const run::Outcome::Wait& w, const Scenario& s,
                     const drivers::Driver& driver) {
  const std::string lock = LockName(w.lock_class, driver);
  const std::string other = TaskOrNone(s, w.other);
  switch (w.state) {
    case sim::TaskState::kLocked:
      return "waits for " + lock + ", held by " + other;
    case sim::TaskState::kPolling:
      return "polls " + lock + ", held by " + other;
    case sim::TaskState::kWaiting:
      return "waits until " + other + " exits";
    case sim::TaskState::kSpinning:
      return Format("loops over the same state, waiting for pfn 0x%x", w.object);
    case sim::TaskState::kQueued:
      return "waits for somebody to wake it";
    default:
      return "sleeps";
  }
}

std::string WaitLines(const run::Outcome& o, const Scenario& s, const drivers::Driver& driver) {
  if (o.nr_waits == 0) return "";
  std::string out = "who waits for whom:\n";
  for (uint32_t i = 0; i < o.nr_waits; ++i) {
    const run::Outcome::Wait& w = o.waits[i];
    out += Format("  %-12s ", TaskOrNone(s, w.task).c_str()) + WaitLine(w, s, driver) + "\n";
  }
  return out;
}

std::string OrderLines(const run::Outcome& o, const drivers::Driver& driver) {
  std::string out = "order of locks:\n";
  for (uint32_t outer = 0; outer < o.lock_order.size(); ++outer) {
    for (uint32_t inner = 0; inner < o.lock_order.size(); ++inner) {
      if ((o.lock_order[outer] >> inner & 1) == 0) continue;
      out += "  " + LockName(inner, driver) + " taken under " + LockName(outer, driver) + "\n";
    }
  }
  return out;
}

// ---- Sections ----

std::string Section(const char* title, const std::string& lines) {
  return lines.empty() ? "" : std::string("\n") + title + ":\n" + lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += "  " + line + "\n";
  return out;
}

// The same message again and again takes one line.
std::string Messages(const std::vector<std::string>& log, size_t begin, size_t end) {
  std::vector<std::string> lines;
  for (size_t i = begin; i < end;) {
    size_t next = i + 1;
    while (next < end && log[next] == log[i]) ++next;
    lines.push_back(log[i] + (next == i + 1 ? "" : Format(" (%zu times)", next - i)));
    i = next;
  }
  return Joined(lines);
}

std::string Head(const run::Outcome& o, const Scenario& s, const drivers::Driver& driver) {
  const Violation& v = *o.first();
  const invariants::Invariant& invariant = invariants::kInvariants[static_cast<uint32_t>(v.id) - 1];
  std::string out = Format("=== VIOLATION %s (step %u of %u)\n", invariant.name, v.step, o.steps) +
                    "DEDUP_TOKEN: " + DedupToken(v, driver) + "\n" + invariant.sentence + "\n\n" +
                    PlaceLines(v, s);
  const std::string numbers = ExpectedAndFound(v);
  if (!numbers.empty()) out += numbers + "\n";
  if (v.id == Id::kI13) out += "stuck: " + TaskOrNone(s, static_cast<uint32_t>(v.found)) + "\n";
  out += "made by: " + FunctionName(v, driver);
  if (driver.text != nullptr && v.call != 0)
    out += Format(" (%s)", TextOf(v.call - 1u, driver).c_str());
  out += v.unasked != 0 ? ", which had never been told MEM_GOING_OFFLINE\n" : "\n";
  if (v.silent != 0) out += "silent: a kernel of this configuration would print nothing\n";
  if (v.id == Id::kI14) out += OrderLines(o, driver);
  return out;
}

// Whether one of the record's operands is the page, or the block.
bool Concerns(const sim::Record& r, const Violation& v) {
  const sim::TracePoint* tp = run::FindTracePoint(r.tp);
  const uint32_t operands[] = {r.a, r.b, r.c};
  uint32_t next = 0;
  for (const char* p = tp == nullptr ? "" : tp->format; *p != '\0' && next < 3; ++p) {
    if (*p != '%') continue;
    if (*++p == 'B') continue;  // takes no operand
    const uint32_t value = operands[next++];
    if (*p == 'f' && AboutPage(v) && value == v.pfn) return true;
    if ((*p == 'b' && value == v.block) || (*p == 'k' && (value & 0xffff) == v.block)) return true;
  }
  return false;
}

// Of each task that was in an operation: where it was then, as a kernel prints it.
std::string CallChains(const Scenario& s, uint32_t step) {
  std::string out;
  std::array<bool, kMaxThreads> inside{};
  for (const sim::Record& r : run::Trace()) {
    if (r.step <= step && r.task < kMaxThreads) inside[r.task] = IsInside(r);
  }
  for (uint32_t task = 0; task < s.tasks.size; ++task) {
    if (!inside[task]) continue;
    const std::vector<world::Frame> chain = run::CallChain(task, step);
    if (!chain.empty()) out += "  " + TaskOrNone(s, task) + ":\n";
    for (const world::Frame& frame : chain) out += "    " + FrameText(frame) + "\n";
  }
  return out;
}

// The part of the trace that names the page or the block, for a first look.
std::string History(const Scenario& s, const drivers::Driver& driver, const Violation& v) {
  std::string out;
  if (!AboutBlock(v)) return out;
  ForEachRecord(run::Trace(), [&](const sim::Record& r, uint32_t own) {
    if (r.step <= v.step && Concerns(r, v)) out += FormatRecord(r, s, driver, own) + "\n";
  });
  return out;
}

std::string Consequences(const run::Outcome& o, const Aftermath& after,
                         const drivers::Driver& driver) {
  std::vector<Violation> all = after.violations;
  if (all.empty()) all.assign(o.violations.begin() + 1, o.violations.begin() + o.listed);
  std::vector<std::string> seen{DedupToken(*o.first(), driver)};
  std::string out;
  for (const Violation& v : all) {
    const std::string token = DedupToken(v, driver);
    if (std::find(seen.begin(), seen.end(), token) != seen.end()) continue;
    seen.push_back(token);
    out += Format("  step %u: ", v.step) + token + (v.silent != 0 ? " (silent)" : "") + "\n";
  }
  return out;
}

std::string Log(const std::vector<std::string>& here, const Aftermath& after) {
  std::string out = Messages(here, 0, here.size());
  if (after.log.size() <= here.size()) return out;
  return out + "  --- after the violation\n" + Messages(after.log, here.size(), after.log.size());
}

std::string NamesOrNone(invariants::Ids disabled) {
  return disabled == 0 ? "none" : invariants::NamesOf(disabled);
}

// The scenario and, as comments of it, all options.
std::string Input(const Scenario& s, const run::RunOptions& options, const run::Outcome& o,
                  const drivers::Driver& driver) {
  const std::vector<std::string> comments = ScheduleComments(run::Trace(), s, driver);
  std::string out = "\n" + scenario::Print(s, run::Names(), comments.data());
  const bool stop = options.on_violation == run::OnViolation::kStop;
  out +=
      Format("# driver=%s kernel=%s on_violation=%s max_steps=%u full_checks=%s disabled=",
             DriverName(s, options).c_str(), run::KernelOf(s, options).c_str(),
             stop ? "stop" : "record", options.max_steps, options.full_checks ? "true" : "false") +
      NamesOrNone(options.disabled) + "\n";
  if (o.not_judged != 0) out += "# not_judged=" + invariants::NamesOf(o.not_judged) + "\n";
  return out + Format("# verdict=%s steps=%u digest=0x%016llx\n", run::Name(o.verdict), o.steps,
                      static_cast<unsigned long long>(o.digest));
}

std::string CleanReport(const Scenario& s, const run::Outcome& o, const drivers::Driver& driver) {
  constexpr const char* kHeads[] = {"OK", "", "", "LIMIT", "NOT SIMULATED"};  // by run::Verdict
  std::string out =
      Format("=== %s (%u steps)\n", kHeads[static_cast<uint32_t>(o.verdict)], o.steps);
  if (o.verdict == run::Verdict::kNotSimulated) out += run::NotSimulated() + "\n";
  if (o.stuck_benign) out += "stuck(benign): on something that its holder may hold\n";
  out += WaitLines(o, s, driver);
  return out + Section("summary", Joined(Summarize(s, o, driver)));
}

Aftermath AftermathOf(const Scenario& s, run::RunOptions options, const drivers::Driver& driver) {
  options.on_violation = run::OnViolation::kRecord;
  options.keep_trace = true;
  const run::Outcome o = run::Run(s, options);
  Aftermath after;
  if (o.listed > 1) {
    after.violations.assign(o.violations.begin() + 1, o.violations.begin() + o.listed);
  }
  after.log = KernelLog(run::Trace(), s, driver);
  return after;
}

}  // namespace

std::string ExpectedAndFound(const Violation& v) {
  for (const Meaning& m : kMeanings) {
    if (m.id != v.id || !m.applies(v)) continue;
    std::string out;
    for (const char* p = m.text; *p != '\0'; ++p) {
      out += *p == '%' ? Value(*++p, v) : std::string(1, *p);
    }
    return out;
  }
  return "";
}

std::string DriverName(const Scenario& s, const run::RunOptions& options) {
  if (options.driver != nullptr) return options.driver->name;
  return scenario::PrintDriver(s, run::Names());
}

const drivers::Driver& DriverOf(const Scenario& s, const run::RunOptions& options) {
  return options.driver != nullptr ? *options.driver : *drivers::kDrivers[s.driver];
}

std::string TokenOf(const Scenario& s, const run::RunOptions& options, const run::Outcome& o) {
  return o.first() == nullptr ? "" : DedupToken(*o.first(), DriverOf(s, options));
}

std::string Report(const Scenario& s, const run::RunOptions& options, const run::Outcome& o,
                   const Aftermath& after) {
  const drivers::Driver& driver = DriverOf(s, options);
  if (o.first() == nullptr) return CleanReport(s, o, driver) + Input(s, options, o, driver);
  const uint32_t step = o.first()->step;
  const auto holders = HoldersAt(run::Trace(), step);
  return Head(o, s, driver) + Section("who holds what", FormatHolders(holders, s, driver)) +
         (o.nr_waits == 0 ? "" : "\n" + WaitLines(o, s, driver)) +
         Section("call chains", CallChains(s, step)) +
         Section("consequences", Consequences(o, after, driver)) +
         Section("kernel log", Log(KernelLog(run::Trace(), s, driver, step), after)) +
         Section(
             AboutPage(*o.first()) ? "history of the page and its block" : "history of the block",
             History(s, driver, *o.first())) +
         Section("trace", FormatTrace(run::Trace(), s, driver)) + Input(s, options, o, driver);
}

std::string Explain(const Scenario& s, run::RunOptions options, run::Outcome* out) {
  const Aftermath after = AftermathOf(s, options, DriverOf(s, options));
  options.keep_trace = true;
  run::Run(s, options, out);
  return Report(s, options, *out, after);
}

std::string CommentedText(const Scenario& s, run::RunOptions options) {
  options.keep_trace = true;
  run::Run(s, options);
  auto comments = ScheduleComments(run::Trace(), s, DriverOf(s, options));
  const std::vector<uint32_t> steps = StepsOf(s, options);
  for (uint32_t i = 0; i < s.schedule.size; ++i) {
    if (steps[i] == kNever) comments[i] = "never reached";
  }
  return scenario::Print(s, run::Names(), comments.data());
}

}  // namespace hotplug::report
