// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/print_trace.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <span>

#include "model/mm/notifier.h"
#include "model/run/run.h"
#include "model/run/trace_points.h"
#include "model/scenario/echo.h"
#include "model/scenario/print.h"
#include "model/scenario/words.h"
#include "model/shim/shim.h"
#include "model/sim/tracepoints.h"

namespace hotplug::report {

using drivers::Driver;
using scenario::Scenario;

std::string Format(const char* format, ...) {
  char text[256];
  std::va_list args;
  va_start(args, format);
  const int n = std::vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  return {text, std::min(static_cast<size_t>(n), sizeof(text) - 1)};
}

// ---- Spellings ----

std::string LockName(uint32_t lock_class, const drivers::Driver& driver) {
  if (lock_class < mm::kLockClasses) return mm::kLockNames[lock_class];
  if (driver.text != nullptr) return TextOf(shim::kNameOfLock + lock_class, driver);
  return Format("lock class %u", lock_class);
}

namespace {

std::string ThreadOr(const Scenario& s, uint32_t task, const char* otherwise) {
  const bool there = task < s.tasks.size || task == kKworker;
  return there ? scenario::TaskName(s, task) : otherwise;
}

}  // namespace

std::string TaskOrNone(const Scenario& s, uint32_t task) { return ThreadOr(s, task, "nobody"); }

std::string ErrnoName(int32_t error) {
  const auto row = static_cast<uint32_t>(-int64_t{error}) - 1;
  if (row >= scenario::kErrnoWords.size()) return std::to_string(error);
  return "-" + std::string(scenario::kErrnoWords[row]);
}

std::string StateName(uint32_t state) {
  switch (state) {
    case mm::MEM_ONLINE:
      return "online";
    case mm::MEM_GOING_OFFLINE:
      return "going-offline";
    case mm::MEM_OFFLINE:
      return "offline";
    default:
      return Format("%#x", state);
  }
}

std::string EventName(uint32_t action) {
  if (const char* name = world::ActionName(action); name != nullptr) return name;
  for (const world::NamedValue& row : world::kLaterMemActions) {
    if (row.value == action) return row.name;
  }
  return "none";
}

std::string NotifierOf(uint32_t name, const Driver& driver) {
  return name >= mm::kDriverName ? driver.callback : scenario::NotifierName(name);
}

std::string TextOf(uint32_t number, const Driver& driver) { return EchoName(driver.text(number)); }

// ---- Messages ----

namespace {

struct Context {
  const Scenario& s;
  const Driver& driver;
};

std::string Block(uint32_t number) { return "memory" + std::to_string(number); }

template <class Words>
std::string Word(const Words& words, uint32_t row) {
  return row < words.size() ? std::string(words[row]) : Format("%#x", row);
}

unsigned long long PhysicalOf(const Context& c, uint32_t pfn) {
  return pfn * static_cast<unsigned long long>(scenario::PageBytes(c.s.machine));
}

// A specifier of formats and how it prints an operand (model/sim/trace.h).
struct Specifier {
  char letter;
  std::string (*print)(uint32_t v, const Context& c);
};

// clang-format off
constexpr Specifier kSpecifiers[] = {
    {'d', [](uint32_t v, const Context&) { return std::to_string(static_cast<int32_t>(v)); }},
    {'u', [](uint32_t v, const Context&) { return std::to_string(v); }},
    {'x', [](uint32_t v, const Context&) { return Format("0x%x", v); }},
    {'f', [](uint32_t v, const Context&) {
       return v == mm::kNoPfn ? std::string("none") : Format("0x%x", v); }},
    {'b', [](uint32_t v, const Context&) { return Block(v); }},
    {'a', [](uint32_t v, const Context&) { return EventName(v); }},
    {'k', [](uint32_t v, const Context&) {
       return EventName(v >> 16) + " " + Block(v & 0xffff); }},
    {'e', [](uint32_t v, const Context&) { return ErrnoName(static_cast<int32_t>(v)); }},
    {'v', [](uint32_t v, const Context&) { return scenario::AnswerName(v); }},
    {'t', [](uint32_t v, const Context& c) { return TaskOrNone(c.s, v); }},
    {'o', [](uint32_t v, const Context& c) { return TaskOrNone(c.s, v); }},
    {'n', [](uint32_t v, const Context& c) { return NotifierOf(v, c.driver); }},
    {'s', [](uint32_t v, const Context&) { return StateName(v); }},
    {'l', [](uint32_t v, const Context& c) { return LockName(v, c.driver); }},
    {'g', [](uint32_t v, const Context&) { return Word(scenario::kSignalWords, v); }},
    {'W', [](uint32_t v, const Context&) { return Word(scenario::kStateWordWords, v); }},
    {'A', [](uint32_t v, const Context& c) { return Format("%016llx", PhysicalOf(c, v)); }},
    {'P', [](uint32_t v, const Context& c) { return Format("%llx", PhysicalOf(c, v)); }},
    {'R', [](uint32_t v, const Context&) {
       const unsigned long long start = (v & 0xffff) * static_cast<unsigned long long>(kBlockBytes);
       return Format("[mem %#010llx-%#010llx]", start,
                     start + ((v >> 16) + 1) * static_cast<unsigned long long>(kBlockBytes) - 1); }},
    {'T', [](uint32_t v, const Context& c) {
       return c.driver.text == nullptr ? "?" : TextOf(v, c.driver); }},
    {'_', [](uint32_t, const Context&) { return std::string(); }},
};
// clang-format on

std::string Operand(char letter, uint32_t v, const Context& c) {
  for (const Specifier& spec : kSpecifiers) {
    if (spec.letter == letter) return spec.print(v, c);
  }
  return std::string("%") + letter;
}

}  // namespace

std::string FormatMessage(const sim::Record& r, const Scenario& s, const Driver& driver) {
  const sim::TracePoint* tp = run::FindTracePoint(r.tp);
  if (tp == nullptr) return Format("trace point %u: 0x%x 0x%x 0x%x", r.tp, r.a, r.b, r.c);
  const uint32_t operands[] = {r.a, r.b, r.c};
  const Context context{s, driver};
  uint32_t next = 0;
  std::string out;
  for (const char* p = tp->format; *p != '\0'; ++p) {
    if (*p != '%') {
      out += *p;
    } else if (*++p == 'B') {  // the size of a block, which is no operand
      out += Format("%llx", static_cast<unsigned long long>(kBlockBytes));
    } else {
      out += Operand(*p, next < 3 ? operands[next] : 0, context);
      ++next;
    }
  }
  return out;
}

bool IsInside(const sim::Record& r) {
  return r.tp != sim::kTpExit && !sim::kActorPoints.contains(r.tp);
}

std::string FrameText(const world::Frame& frame) {
  return frame.function + (frame.place.empty() ? "" : " (" + frame.place + ")");
}

namespace {

// Where in a kernel's own file the step was made, if there is one: headers are everywhere.
std::string PlaceOf(const sim::Record& r) {
  if (!IsInside(r)) return "";
  for (const world::Frame& frame : run::CallChain(r.task, r.step)) {
    if (frame.place.find(".c:") != std::string::npos) return "  " + FrameText(frame);
  }
  return "";
}

}  // namespace

std::string FormatRecord(const sim::Record& r, const Scenario& s, const Driver& driver,
                         uint32_t own_step) {
  const sim::TracePoint* tp = run::FindTracePoint(r.tp);
  const std::string task = ThreadOr(s, r.task, "boot");
  const std::string own = own_step == 0 ? "   " : Format("%03u", own_step);
  std::string line = Format("%16s [%s] %5u: ", task.c_str(), own.c_str(), r.step);
  if (tp != nullptr) line += std::string(tp->log ? "printk" : tp->function) + ": ";
  return line + FormatMessage(r, s, driver) + (own_step == 0 ? "" : PlaceOf(r));
}

namespace {

// Records of a loop over pages that nothing interrupted, the first of them and how many.
struct Loop {
  sim::Record first;
  uint32_t own = 0;
  uint32_t size = 0;
};

// Whether `r` is the next round: the next page, everything else as before.
bool Continues(const Loop& loop, const sim::Record& r, uint32_t own) {
  const sim::TracePoint* tp = run::FindTracePoint(r.tp);
  const sim::Record& f = loop.first;
  return loop.size != 0 && own != 0 && tp != nullptr &&
         std::strstr(tp->format, "pfn=%f") != nullptr && r.tp == f.tp && r.task == f.task &&
         r.b == f.b && r.c == f.c && r.a == f.a + loop.size && r.step == f.step + loop.size &&
         own == loop.own + loop.size;
}

// One line; of several rounds the pages and the last point are in it.
std::string FormatLoop(const Loop& loop, const Scenario& s, const Driver& driver) {
  std::string line = FormatRecord(loop.first, s, driver, loop.own);
  if (loop.size > 1) {
    const std::string pfn = Format("pfn=0x%x", loop.first.a);
    const size_t at = line.find(pfn) + pfn.size();
    line.insert(at, Format("-0x%x", loop.first.a + loop.size - 1));
    line += Format("  to [%03u]", loop.own + loop.size - 1);
  }
  return line + "\n";
}

}  // namespace

std::string FormatTrace(const Records& records, const Scenario& s, const Driver& driver) {
  std::string out;
  Loop loop;
  ForEachRecord(records, [&](const sim::Record& r, uint32_t own) {
    if (Continues(loop, r, own)) {
      ++loop.size;
      return;
    }
    if (loop.size != 0) out += FormatLoop(loop, s, driver);
    loop = {r, own, 1};
  });
  if (loop.size != 0) out += FormatLoop(loop, s, driver);
  return out;
}

std::vector<std::string> KernelLog(const Records& records, const Scenario& s, const Driver& driver,
                                   uint32_t last) {
  std::vector<std::string> log;
  for (const sim::Record& r : records) {
    const sim::TracePoint* tp = run::FindTracePoint(r.tp);
    if (r.step > last) break;
    if (tp != nullptr && tp->log) log.push_back(FormatMessage(r, s, driver));
  }
  return log;
}

std::vector<std::string> ScheduleComments(const Records& records, const Scenario& s,
                                          const Driver& driver) {
  std::vector<std::string> comments;
  for (const scenario::Preemption& p : s.schedule) {
    comments.emplace_back(p.when == When::kStep ? "never reached" : "");
  }
  ForEachRecord(records, [&](const sim::Record& r, uint32_t own) {
    if (own == 0) return;
    for (uint32_t i = 0; i < s.schedule.size; ++i) {
      if (s.schedule[i].task != r.task || s.schedule[i].step != own) continue;
      const sim::TracePoint* tp = run::FindTracePoint(r.tp);
      comments[i] = std::string("after ") + (tp == nullptr ? "" : tp->function) + ": " +
                    FormatMessage(r, s, driver);
    }
  });
  return comments;
}

}  // namespace hotplug::report
