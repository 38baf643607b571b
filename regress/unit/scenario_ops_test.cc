// SPDX-License-Identifier: GPL-2.0-or-later
//
// The table of operations. Method: what every row must have, whatever it is; and the page that
// lists them, line by line.
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "model/scenario/bytes.h"
#include "model/scenario/generate.h"
#include "model/scenario/ops.h"
#include "model/scenario/print.h"
#include "model/scenario/text/parse.h"
#include "regress/unit/catch.h"
#include "regress/unit/names.h"

namespace hotplug::scenario {
namespace {

using testing::kNames;

// The largest value of an operand that the byte form has, too.
uint64_t LargestInBytes(Field field, const Scenario& s) {
  const uint64_t high = RangeOf(field, s).high;
  if (field == Field::kBytes) return high >> 16;
  const bool of_file = field == Field::kOffset || field == Field::kLength;
  return of_file ? UINT16_MAX * PageBytes(s.machine) / 2 : high;
}

// A scenario with one operation of a kind, with the largest value of each operand.
Scenario With(OpKind kind) {
  Scenario s;
  s.machine.blocks.push(Block{});
  s.machine.blocks.push(Block{.node = 1});
  s.notifiers.push(Notifier{});
  s.notifiers.push(Notifier{});
  s.tasks.push(Task{});
  s.tasks.push(Task{Role::kUser});
  Op op;
  op.kind = kind;
  for (Field field : ShapeOf(kind)) {
    Set(&op, field, LargestInBytes(field, s));
  }
  s.ops.push(op);
  return s;
}

TEST_CASE("each operation is itself in both forms, with the largest operands", "[ops]") {
  for (const Operation& row : kOperations) {
    const Scenario s = With(row.kind);
    INFO(UsageOf(row.kind));
    REQUIRE(Invalid(s, kNames) == nullptr);
    const auto file = Parse(Print(s, kNames), "text", kNames);
    REQUIRE(file.ok());
    CHECK(file->scenario == s);
    std::vector<uint8_t> bytes;
    REQUIRE(Encode(s, &bytes) == nullptr);
    CHECK(Decode(bytes.data(), bytes.size(), 1, 1) == s);
  }
}

TEST_CASE("an operand that is out of its range breaks a rule", "[ops]") {
  for (const Operation& row : kOperations) {
    for (Field field : ShapeOf(row.kind)) {
      const Scenario good = With(row.kind);
      const Range range = RangeOf(field, good);
      for (const uint64_t value : {range.low - 1, range.high + 1}) {
        Scenario s = good;
        Set(&s.ops[0], field, value);
        // A number of bytes may be any; 0 - 1 in a small member is no value below its range.
        if (range.contains(Get(s.ops[0], field))) continue;
        INFO(UsageOf(row.kind) << " with " << value);
        CHECK(Invalid(s, kNames) != nullptr);
      }
    }
  }
}

TEST_CASE("each row says what the rooms that walk over it need", "[ops]") {
  std::set<std::string> usages;
  std::set<sim::Tp> ends;
  for (const Operation& row : kOperations) {
    INFO(UsageOf(row.kind));
    CHECK(usages.insert(UsageOf(row.kind)).second);
    CHECK(ends.insert(row.end.id).second);
    CHECK((row.usual == 0) != (row.seldom == 0));
    CHECK(row.steps > 0);
    CHECK_FALSE(std::string(row.sentence).empty());
  }
}

TEST_CASE("the page lists the operations in the order of the table", "[ops]") {
  std::ifstream page("docs/scenario-format.md");
  REQUIRE(page);
  std::string line;
  while (std::getline(page, line) &&
         line != "The operations, which `hotplug-fuzz list operations` explains:") {
  }
  REQUIRE(std::getline(page, line));
  for (const Operation& row : kOperations) {
    REQUIRE(std::getline(page, line));
    CHECK(line == "    " + UsageOf(row.kind));
  }
  REQUIRE(std::getline(page, line));
  CHECK(line.empty());
}

}  // namespace
}  // namespace hotplug::scenario
