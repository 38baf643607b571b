// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/run/trace_points.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "model/actors/actors.h"
#include "model/drivers/driver.h"
#include "model/mm/function.h"
#include "model/mm/notifier.h"
#include "model/mm/tracepoints.h"
#include "model/shim/shim.h"
#include "model/sim/tracepoints.h"
#include "model/tree/tracepoints.h"

namespace hotplug::run {

namespace {

// The trace points of a room.
struct Room {
  sim::TpRange range;
  std::span<const sim::TracePoint> points;
};

constexpr Room kRooms[] = {
    {sim::kSimPoints, sim::kTracePoints},        {sim::kMmPoints, mm::kTracePoints},
    {sim::kDriverPoints, drivers::kTracePoints}, {sim::kShimPoints, shim::kTracePoints},
    {sim::kActorPoints, actors::kTracePoints},   {sim::kShimWorkPoints, shim::kWorkTracePoints},
    {sim::kTreePoints, tree::kTracePoints}};
static_assert(std::all_of(std::begin(kRooms), std::end(kRooms),
                          [](const Room& r) { return sim::KeepsTo(r.range, r.points); }));

// ---- Functions ----

// Whether the trace point is the end of a function that has no other anchor. A failed attempt is
// all that mutex_trylock() tells: a lock that was taken has its name.
constexpr bool IsEnd(const sim::TracePoint& tp) {
  constexpr sim::Tp kOthers[] = {sim::kTpLock,        sim::kTpUnlock,    sim::kTpReadLock,
                                 sim::kTpReadUnlock,  sim::kTpContended, sim::kTpExit,
                                 mm::kTpNotifierCall, mm::kTpFnEnter,    mm::kTpFnRet};
  // The model does not have these.
  if (sim::kTreePoints.contains(tp.id)) return false;
  // What the core prints is no point.
  if (tp.log && sim::kMmPoints.contains(tp.id)) return false;
  if (std::find(std::begin(kOthers), std::end(kOthers), tp.id) != std::end(kOthers)) {
    return false;
  }
  return std::none_of(std::begin(mm::kFunctionNames), std::end(mm::kFunctionNames),
                      [&tp](std::string_view name) { return name == tp.function; });
}

// Of each trace point 1 + the row of its function among those that tell their end; 0: none.
struct Ends {
  std::array<const char*, sim::kInstrumentPoints.first> names{};
  std::array<uint16_t, sim::kInstrumentPoints.first> row_of{};
  uint16_t size = 0;
};

constexpr Ends EndsOf() {
  Ends ends;
  // The names, measured once: compilers count the steps of what they evaluate.
  std::array<std::string_view, sim::kInstrumentPoints.first> seen;
  for (const Room& room : kRooms) {
    for (const sim::TracePoint& tp : room.points) {
      if (!IsEnd(tp)) continue;
      const std::string_view function = tp.function;
      uint16_t row = 0;
      while (row < ends.size && seen[row] != function) ++row;
      if (row == ends.size) {
        seen[row] = function;
        ends.names[ends.size++] = tp.function;
      }
      ends.row_of[tp.id] = static_cast<uint16_t>(row + 1);
    }
  }
  return ends;
}

constexpr Ends kEnds = EndsOf();

// What stands for the functions of the tree world, by the rows of anchors.
constexpr uint32_t kNrFunctionRows = mm::kNrFunctions + kEnds.size;
static_assert(kNrFunctionRows <= sim::kTreeFunctions.last - sim::kTreeFunctions.first + 1);

constexpr std::array<const char*, kNrFunctionRows> FunctionRows() {
  std::array<const char*, kNrFunctionRows> names{};
  for (uint32_t row = 0; row < kNrFunctionRows; ++row) {
    const bool traced = row < mm::kNrFunctions;
    names[row] = traced ? mm::kFunctionNames[row] : kEnds.names[row - mm::kNrFunctions];
  }
  return names;
}
constexpr auto kFunctionRows = FunctionRows();

constexpr std::array<sim::TracePoint, kNrFunctionRows> FunctionPoints() {
  std::array<sim::TracePoint, kNrFunctionRows> points{};
  for (uint32_t row = 0; row < kNrFunctionRows; ++row) {
    points[row] = {static_cast<sim::Tp>(sim::kTreeFunctions.first + row), kFunctionRows[row], ""};
  }
  return points;
}
constexpr auto kFunctionPoints = FunctionPoints();

constexpr uint32_t kWhat = (1u << 28) - 1;
constexpr uint32_t kTen = (1u << 10) - 1;

}  // namespace

const sim::TracePoint* FindTracePoint(sim::Tp tp) {
  if (const uint32_t row = tp - uint32_t{sim::kTreeFunctions.first}; row < kNrFunctionRows) {
    return &kFunctionPoints[row];
  }
  for (const Room& room : kRooms) {
    if (!room.range.contains(tp)) continue;
    const auto found = std::find_if(room.points.begin(), room.points.end(),
                                    [tp](const sim::TracePoint& t) { return t.id == tp; });
    return found == room.points.end() ? nullptr : &*found;
  }
  return nullptr;
}

std::span<const char* const> AnchoredFunctions() { return kFunctionRows; }
std::span<const char* const> FunctionEnds() { return {kEnds.names.data(), kEnds.size}; }

sim::AnchorId AnchorOfRecord(const sim::Record& r) {
  if (r.tp == mm::kTpNotifierCall) {
    return mm::DeliveryAnchor(r.a >> 16, mm::BlockId{r.a & 0xffff}, r.b);
  }
  const uint32_t row = r.tp < kEnds.row_of.size() ? kEnds.row_of[r.tp] : 0u;
  return row == 0 ? 0 : mm::FunctionAnchor(mm::kNrFunctions + row - 1);
}

sim::AnchorId AnchorOf(const scenario::Event& e) {
  switch (e.kind) {
    case sim::AnchorKind::kDelivery:
      return mm::DeliveryAnchor(
          e.action, mm::BlockNumber(e.block),
          e.notifier == scenario::Event::kOfDriver ? uint32_t{mm::kDriverName} : e.notifier);
    case sim::AnchorKind::kFunction:
      return mm::FunctionAnchor(e.row);
    default:
      return sim::MakeAnchor(e.kind, e.row);
  }
}

scenario::Event EventOf(sim::AnchorId id, const scenario::Scenario& s) {
  scenario::Event e;
  const uint32_t what = id & kWhat;
  const auto kind = static_cast<sim::AnchorKind>(id >> 28);
  if (kind == sim::AnchorKind::kDelivery) {
    const uint32_t name = what & kTen;
    const uint32_t block = (what >> 10 & kTen) - s.machine.first_block;
    const bool of_driver = name == mm::kDriverName;
    if (block >= s.machine.blocks.size || (!of_driver && name >= s.notifiers.size)) return e;
    e.action = static_cast<uint8_t>(what >> 20);
    e.block = static_cast<uint8_t>(block);
    e.notifier = of_driver ? scenario::Event::kOfDriver : static_cast<uint8_t>(name);
  } else {
    if (kind != sim::AnchorKind::kFunction && what >= mm::kLockClasses) return e;
    e.row = static_cast<uint16_t>(what);
  }
  e.kind = kind;
  return e;
}

}  // namespace hotplug::run
