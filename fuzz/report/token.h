// SPDX-License-Identifier: GPL-2.0-or-later
//
// DEDUP_TOKEN: what makes two failures the same one. Names only, no numbers.
#ifndef FUZZ_REPORT_TOKEN_H_
#define FUZZ_REPORT_TOKEN_H_

#include <cstdint>
#include <string>

#include "model/drivers/driver.h"
#include "model/invariants/invariants.h"

namespace hotplug::report {

// `<invariant>/<function>@<phase>/<last event>`, as in
// "I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE": the function whose step made
// the state illegal, the phase of the memory block and the last notifier event of its last
// operation. What is not about a block has the phase `none`. `lone-` before the event: the
// callback that did it had never been told MEM_GOING_OFFLINE.
std::string DedupToken(const invariants::Violation& v, const drivers::Driver& driver);

// The function of it: a notifier by its callback's name ("notifier-A" for a scenario's own).
std::string FunctionName(const invariants::Violation& v, const drivers::Driver& driver);

const char* PhaseName(mm::Phase phase);

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_TOKEN_H_
