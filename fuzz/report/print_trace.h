// SPDX-License-Identifier: GPL-2.0-or-later
//
// A trace as people read it: one line for each record, in the manner of ftrace, and the
// messages among them as dmesg shows them.
//
//   run::Run(scenario, options, &outcome);  // options.keep_trace
//   std::fputs(report::FormatTrace(run::Trace(), scenario, driver).c_str(), stderr);
#ifndef FUZZ_REPORT_PRINT_TRACE_H_
#define FUZZ_REPORT_PRINT_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "model/drivers/driver.h"
#include "model/scenario/scenario.h"
#include "model/sim/trace.h"
#include "model/world/view.h"

namespace hotplug::report {

using Records = std::vector<sim::Record>;

// Calls f(record, own_step) for each record, in order. own_step counts the scheduling points
// of the record's task from 1; it is 0 for a record that is not a scheduling point.
template <class F>
void ForEachRecord(const Records& records, F f) {
  uint32_t step = 0;
  uint32_t own[kMaxThreads + 1] = {};
  for (const sim::Record& r : records) {
    const bool point = r.step != step;
    step = r.step;
    f(r, point ? ++own[r.task < kMaxThreads ? r.task : kMaxThreads] : 0u);
  }
}

// The record's message: the format of its trace point with the operands filled in.
std::string FormatMessage(const sim::Record& r, const scenario::Scenario& s,
                          const drivers::Driver& driver);

// One line, without its end: the task, in brackets which one of its own scheduling points it
// is (as the schedule counts them), the number of the step, the function and the message.
//
//       memtrace-1 [012]    22: page_ref_dec: pfn=0x10 count=0
std::string FormatRecord(const sim::Record& r, const scenario::Scenario& s,
                         const drivers::Driver& driver, uint32_t own_step = 0);

// All records, a line each; a loop over pages that nothing came between is one line.
std::string FormatTrace(const Records& records, const scenario::Scenario& s,
                        const drivers::Driver& driver);

// What the kernel printed, without time stamps: the messages of the records up to and
// including those of step `last`.
std::vector<std::string> KernelLog(const Records& records, const scenario::Scenario& s,
                                   const drivers::Driver& driver, uint32_t last = UINT32_MAX);

// For each entry of the schedule the point at which it preempts, as a comment for
// scenario::Print(): "after page_ref_dec: pfn=0x10 count=0". Anchored ones say that themselves.
std::vector<std::string> ScheduleComments(const Records& records, const scenario::Scenario& s,
                                          const drivers::Driver& driver);

// Whether the task of the record was in an operation, which ends with a point of actors.
bool IsInside(const sim::Record& r);
// "offline_pages (mm/memory_hotplug.c:1831)"
std::string FrameText(const world::Frame& frame);

// Spellings of single things, beside those of model/scenario/print.h.
std::string LockName(uint32_t lock_class, const drivers::Driver& driver);
std::string TaskOrNone(const scenario::Scenario& s, uint32_t task);
std::string ErrnoName(int32_t error);
std::string EventName(uint32_t action);
std::string StateName(uint32_t state);  // of a memory block, as its file says it
std::string NotifierOf(uint32_t name, const drivers::Driver& driver);
// What a driver's own file has said, as a message may have it.
std::string TextOf(uint32_t number, const drivers::Driver& driver);
// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...);

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_PRINT_TRACE_H_
