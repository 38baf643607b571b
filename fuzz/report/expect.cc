// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/expect.h"

#include "fuzz/report/print_trace.h"
#include "fuzz/report/report.h"
#include "fuzz/report/token.h"
#include "model/mm/tracepoints.h"
#include "model/scenario/ops.h"
#include "model/scenario/print.h"
#include "model/sim/check.h"

namespace hotplug::report {

namespace {

using Lines = std::vector<std::string>;
using scenario::Op;
using scenario::Scenario;

void AddVerdict(const run::Outcome& o, const drivers::Driver& driver, Lines* lines) {
  std::string verdict = std::string("verdict ") + run::Name(o.verdict);
  if (o.verdict == run::Verdict::kOk && o.stuck_benign) verdict += " stuck(benign)";
  if (o.first() != nullptr) verdict += " " + DedupToken(*o.first(), driver);
  if (o.first() != nullptr && o.first()->silent != 0) verdict += " silent";
  lines->push_back(verdict);

  std::string then;
  uint32_t seen = o.listed == 0 ? 0 : invariants::Bits(o.first()->id);
  for (uint32_t i = 1; i < o.listed; ++i) {
    const invariants::Id id = o.violations[i].id;
    if ((seen & invariants::Bits(id)) != 0) continue;
    seen |= invariants::Bits(id);
    then += std::string(" ") + invariants::Name(id);
  }
  if (!then.empty()) lines->push_back("then" + then);
}

// The operations as texts have them: the indented lines below those of tasks.
Lines OpTexts(const Scenario& s) {
  const std::string text = scenario::Print(s, run::Names());
  Lines ops;
  for (size_t begin = text.find("\ntask ") + 1; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (text.compare(begin, 2, "  ") == 0) {
      ops.push_back(text.substr(begin + 2, end - begin - 2));
    }
    begin = end + 1;
  }
  HOTPLUG_CHECK(ops.size() == s.ops.size);
  return ops;
}

std::string ResultText(const Op& op, const actors::Result& result) {
  if (result.done == 0) return "?";
  if (scenario::OperationOf(op.kind).told == scenario::Told::kValue && result.rc >= 0) {
    return Format("%#llx", static_cast<unsigned long long>(result.value));
  }
  return ErrnoName(result.rc);
}

void AddRequests(const Scenario& s, Lines* lines) {
  const Lines texts = OpTexts(s);
  for (uint32_t i = 0; i < s.ops.size; ++i) {
    const Op& op = s.ops[i];
    if (scenario::OperationOf(op.kind).told == scenario::Told::kNothing) continue;
    lines->push_back(scenario::TaskName(s, op.task) + " " + texts[i] + " = " +
                     ResultText(op, run::ResultOf(i)));
  }
}

void AddEvents(const Scenario& s, const drivers::Driver& driver, Lines* lines) {
  for (const sim::Record& r : run::Trace()) {
    if (r.tp != mm::kTpNotifierCall) continue;
    lines->push_back("event " + TaskOrNone(s, r.task) + " " + FormatMessage(r, s, driver));
  }
}

void AddBlocks(Lines* lines) {
  for (const run::BlockEnd& b : run::BlocksAtEnd()) {
    std::string line = Format("memory%u ", b.number);
    if (b.state == 0) {
      lines->push_back(line + "absent");
      continue;
    }
    line += StateName(b.state);
    line += Format(" free=%u offline=%u counts -1:%u 0:%u 1:%u 2:%u more:%u", b.free,
                   b.page_offline, b.counts[0], b.counts[1], b.counts[2], b.counts[3], b.counts[4]);
    lines->push_back(line);
  }
}

}  // namespace

run::RunOptions ExpectOptions() {
  run::RunOptions options;
  options.on_violation = run::OnViolation::kRecord;
  options.keep_trace = true;
  return options;
}

std::vector<std::string> Summarize(const Scenario& s, const run::Outcome& o,
                                   const drivers::Driver& driver) {
  Lines lines;
  AddVerdict(o, driver, &lines);
  AddRequests(s, &lines);
  AddEvents(s, driver, &lines);
  for (const std::string& message : KernelLog(run::Trace(), s, driver)) {
    // No line of a text ends with a space.
    lines.push_back("log " + message.substr(0, message.find_last_not_of(' ') + 1));
  }
  AddBlocks(&lines);
  return lines;
}

Lines SummaryOf(const Scenario& s, const run::RunOptions& options) {
  const run::Outcome o = run::Run(s, options);
  return Summarize(s, o, DriverOf(s, options));
}

}  // namespace hotplug::report
