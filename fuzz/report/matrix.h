// SPDX-License-Identifier: GPL-2.0-or-later
//
// regress/MATRIX.tsv: what each scenario that is kept comes to under each driver and on each
// kernel. A change of a driver or of the model shows there which findings it cures or makes.
//
//   scenario <tab> DRIVER@KERNEL <tab> ...
//   stale-flag <tab> I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE <tab> ...
//
// A cell is the DEDUP_TOKEN of what failed, or `ok`, `stuck(benign)` or `limit`.
#ifndef FUZZ_REPORT_MATRIX_H_
#define FUZZ_REPORT_MATRIX_H_

#include <string>

#include "model/scenario/scenario.h"

namespace hotplug::report {

// The licence and the names of the columns, a line each.
std::string MatrixHeader();
// The line of one scenario.
std::string MatrixRow(const std::string& name, const scenario::Scenario& s);

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_MATRIX_H_
