// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a run did, as the lines of an `expect` block: nothing in them depends on how many
// steps anything took.
#ifndef FUZZ_REPORT_EXPECT_H_
#define FUZZ_REPORT_EXPECT_H_

#include <string>
#include <vector>

#include "model/run/run.h"

namespace hotplug::report {

// How an `expect` block is made: OnViolation::kRecord, with the trace.
run::RunOptions ExpectOptions();

// The canonical lines about this thread's last run, which had ExpectOptions():
//
//   verdict ok | verdict VERDICT TOKEN [silent], as DEDUP_TOKEN has it; stuck(benign) after ok
//   then I9 I7                                   other invariants that failed, in that order
//   memtrace-1 write memtrace/enable 0x10000000 = 0      each request, in the scenario's order
//   event memtrace-1 MEM_GOING_OFFLINE memory5 A = NOTIFY_OK     each delivery to a notifier
//   log memtrace: ...                                            each message of the kernel
//   memory5 online free=16 offline=0 counts -1:0 0:16 1:0 2:0 more:0      each memory block
//   memory6 absent
//
// A request that did not return has the result `?`.
std::vector<std::string> Summarize(const scenario::Scenario& s, const run::Outcome& o,
                                   const drivers::Driver& driver);
// The same of a run that is made here.
std::vector<std::string> SummaryOf(const scenario::Scenario& s,
                                   const run::RunOptions& options = ExpectOptions());

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_EXPECT_H_
