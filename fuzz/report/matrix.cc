// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/matrix.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>

#include "fuzz/report/print_trace.h"
#include "fuzz/report/token.h"
#include "model/mm/kernel.h"
#include "model/run/run.h"
#include "model/scenario/echo.h"

namespace hotplug::report {

namespace {

// Adds a column for each fix that has none yet.
void AddFixes(const mm::Fixes& fixes, std::vector<Column>* columns) {
  for (uint32_t i = 0; i < fixes.size; ++i) {
    const std::string name = std::string("+") + fixes.list[i].name;
    const auto same = [&name](const Column& c) { return c.name == name; };
    if (std::any_of(columns->begin(), columns->end(), same)) continue;
    columns->push_back({name, {}, {}, fixes.list[i].name});
  }
}

// False if there is none of that name.
bool AddFix(const mm::Fixes& known, const std::string& name, uint32_t* fixes) {
  for (uint32_t i = 0; i < known.size; ++i) {
    if (name != known.list[i].name) continue;
    *fixes |= known.list[i].bit;
    return true;
  }
  return false;
}

// Cells by scenario and column.
using Cells = std::map<std::pair<std::string, std::string>, std::string>;

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream in(line);
  for (std::string word; std::getline(in, word, '\t');) words.push_back(word);
  return words;
}

Cells CellsOf(const std::string& matrix) {
  Cells cells;
  std::vector<std::string> columns;
  std::istringstream in(matrix);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> words = Split(line);
    if (columns.empty()) {
      columns = words;
      continue;
    }
    for (size_t i = 1; i < words.size() && i < columns.size(); ++i) {
      cells[{words[0], columns[i]}] = words[i];
    }
  }
  return cells;
}

constexpr size_t kMaxCell = 250;  // far more than a DEDUP_TOKEN has

// What is wrong with a row, and where from 0 on; null if nothing is.
struct RowFault {
  const char* expected = nullptr;
  size_t column = 0;
};

// `last` is the name of the row before.
RowFault FaultOf(const std::string& row, const std::string& last) {
  size_t cells = 0;
  for (size_t begin = 0; begin <= row.size(); ++cells) {
    const size_t end = std::min(row.find('\t', begin), row.size());
    const auto graphic = [](char c) { return c > ' ' && c < 0x7f; };
    if (end == begin) return {"a cell", begin};
    if (end - begin > kMaxCell) return {"a shorter cell", begin};
    const auto bad = std::find_if_not(row.begin() + static_cast<ptrdiff_t>(begin),
                                      row.begin() + static_cast<ptrdiff_t>(end), graphic);
    if (bad != row.begin() + static_cast<ptrdiff_t>(end)) {
      return {"a word of ASCII characters", static_cast<size_t>(bad - row.begin())};
    }
    if (cells == 0 && row.compare(0, end, last) <= 0) {
      return {"a name behind that of the row before", 0};
    }
    begin = end + 1;
  }
  if (cells == MatrixColumns().size() + 1) return {};
  return {"a cell for each column", row.size()};
}

}  // namespace

std::vector<Column> MatrixColumns() {
  std::vector<Column> columns;
  for (uint32_t driver = 0; driver < drivers::kNrDrivers; ++driver) {
    const std::string name = drivers::kDrivers[driver]->name;
    if (name == "canary") continue;  // no algorithm: it must always fail
    for (uint32_t kernel = 0; kernel < mm::kNrKernels; ++kernel) {
      columns.push_back({name + "@" + mm::kKernels[kernel].name, static_cast<uint8_t>(driver),
                         static_cast<uint8_t>(kernel), ""});
    }
  }
  for (uint32_t driver = 0; driver < drivers::kNrDrivers; ++driver) {
    AddFixes(drivers::kDrivers[driver]->fixes, &columns);
  }
  AddFixes(mm::kCoreFixes, &columns);
  return columns;
}

std::optional<scenario::Scenario> InColumn(const scenario::Scenario& s, const Column& column) {
  scenario::Scenario cell = s;
  if (column.driver.has_value()) {
    cell.driver = *column.driver;
    cell.fixes = 0;
  }
  if (column.kernel.has_value()) {
    cell.machine.kernel = *column.kernel;
    cell.machine.fixes = 0;
  }
  const mm::Fixes& fixes = drivers::kDrivers[cell.driver]->fixes;
  const bool known = column.fix.empty() || AddFix(fixes, column.fix, &cell.fixes) ||
                     AddFix(mm::kCoreFixes, column.fix, &cell.machine.fixes);
  if (!known) return std::nullopt;
  return cell;
}

std::string MatrixCell(const scenario::Scenario& s, const Column& column) {
  const std::optional<scenario::Scenario> cell = InColumn(s, column);
  if (!cell.has_value()) return "n/a";
  const run::Outcome o = run::Run(*cell);
  if (o.first() != nullptr) return DedupToken(*o.first(), *drivers::kDrivers[cell->driver]);
  return o.stuck_benign ? "stuck(benign)" : run::Name(o.verdict);
}

std::string MatrixHeader() {
  std::string header = "# SPDX-License-Identifier: GPL-2.0-or-later\nscenario";
  for (const Column& column : MatrixColumns()) header += "\t" + column.name;
  return header + "\n";
}

std::string MatrixRow(const std::string& name, const scenario::Scenario& s) {
  std::string row = name;
  for (const Column& column : MatrixColumns()) row += "\t" + MatrixCell(s, column);
  return row + "\n";
}

std::string Matrix::Read(const std::string& text, const std::string& path) {
  const std::string header = MatrixHeader();
  if (text.compare(0, header.size(), header) != 0) {
    return EchoName(path) + ":1:1: expected the columns of these drivers and kernels";
  }
  std::map<std::string, std::string> rows;
  size_t number = 1 + static_cast<size_t>(std::count(header.begin(), header.end(), '\n'));
  for (size_t begin = header.size(); begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string row = text.substr(begin, end - begin);
    const std::string last = rows.empty() ? "" : rows.rbegin()->first;
    if (const RowFault fault = FaultOf(row, last);
        fault.expected != nullptr || end == text.size()) {
      const size_t column = fault.expected != nullptr ? fault.column : row.size();
      return Format("%s:%zu:%zu: expected %s", EchoName(path).c_str(), number, column + 1,
                    fault.expected != nullptr ? fault.expected : "the end of the line");
    }
    rows.emplace(row.substr(0, row.find('\t')), row + "\n");
    begin = end + 1;
  }
  rows_ = std::move(rows);
  return "";
}

std::string Matrix::Print() const {
  std::string text = MatrixHeader();
  for (const auto& row : rows_) text += row.second;
  return text;
}

std::vector<std::string> MatrixDifference(const std::string& from, const std::string& to) {
  const Cells before = CellsOf(from), after = CellsOf(to);
  Cells all = before;
  all.insert(after.begin(), after.end());
  std::vector<std::string> lines;
  for (const auto& cell : all) {
    const auto value = [&cell](const Cells& cells) {
      const auto found = cells.find(cell.first);
      return found == cells.end() ? "-" : found->second;
    };
    const auto& [scenario, column] = cell.first;
    if (value(before) == value(after)) continue;
    lines.push_back(Format("%s %s: %s -> %s", scenario.c_str(), column.c_str(),
                           value(before).c_str(), value(after).c_str()));
  }
  return lines;
}

}  // namespace hotplug::report
