// SPDX-License-Identifier: GPL-2.0-or-later
//
// regress/MATRIX.tsv: what each scenario that is kept comes to under each driver and on each
// kernel, and with each fix. A change of a driver or of the model shows there which findings it
// cures or makes.
//
//   scenario <tab> DRIVER@KERNEL <tab> ... <tab> +FIX <tab> ...
//   stale-flag <tab> I1/memtrace_memory_notifier_cb@offlining/MEM_CANCEL_OFFLINE <tab> ...
//
// A cell is the DEDUP_TOKEN of what failed, or `ok`, `stuck(benign)` or `limit`; `n/a` where the
// scenario's driver has no such fix.
#ifndef FUZZ_REPORT_MATRIX_H_
#define FUZZ_REPORT_MATRIX_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/scenario/scenario.h"

namespace hotplug::report {

// What a scenario is run with in the cells of one column.
struct Column {
  std::string name;
  // In place of the scenario's own, both without fixes.
  std::optional<uint8_t> driver, kernel;
  std::string fix;  // in addition: of the scenario's driver, or of the core
};

// DRIVER@KERNEL for each driver but the canary, and +FIX for each fix.
std::vector<Column> MatrixColumns();

// The scenario of a cell; none where the driver has no such fix.
std::optional<scenario::Scenario> InColumn(const scenario::Scenario& s, const Column& column);
std::string MatrixCell(const scenario::Scenario& s, const Column& column);

// The licence and the names of the columns, a line each.
std::string MatrixHeader();
// The line of one scenario.
std::string MatrixRow(const std::string& name, const scenario::Scenario& s);

// A whole matrix, with the columns of this build.
class Matrix {
 public:
  // Takes the place of what there was. The error is `PATH:LINE:COLUMN: what was expected`, and then
  // nothing has changed; empty if all is well.
  std::string Read(const std::string& text, const std::string& path);
  // The row of a scenario, as MatrixRow() makes it, in the place of the one that it has.
  void Set(const std::string& name, const std::string& row) { rows_[name] = row; }
  // In the order of the names.
  std::string Print() const;

 private:
  std::map<std::string, std::string> rows_;
};

// What `to` has in other cells than `from`, a line for each: SCENARIO COLUMN: CELL -> CELL, `-` for
// a cell that is not there.
std::vector<std::string> MatrixDifference(const std::string& from, const std::string& to);

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_MATRIX_H_
