// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/mutate/feedback.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "model/mm/ledger.h"
#include "model/run/trace_points.h"
#include "model/scenario/words.h"
#include "model/sim/sched.h"

namespace hotplug::mutate {
namespace {

// NOLINTNEXTLINE: the name and that it can be written are libFuzzer's
__attribute__((section("__libfuzzer_extra_counters"), used)) uint8_t counters[kCounters];

// What kind of thing a feature is about, so that equal numbers of two kinds differ.
enum Kind : uint32_t { kEvent, kPage, kSwitch };

class Feature {
 public:
  explicit Feature(Kind kind) : hash_(kind) {}
  Feature& With(uint32_t value) {
    hash_ = sim::MixDigest(hash_, value);
    return *this;
  }
  // Once a run is as good as often: each number of times would be a feature of its own.
  void Reached() const { counters[hash_ >> 40 & (kCounters - 1)] = 1; }

 private:
  uint64_t hash_;
};

// Where a trace point has a page, a block and an answer among its operands; kNowhere if it has
// none.
constexpr uint8_t kNowhere = 3;
struct Operands {
  uint8_t page = kNowhere;
  uint8_t block = kNowhere;   // its number
  uint8_t event = kNowhere;   // action << 16 | number of a block
  uint8_t answer = kNowhere;  // an errno, or what a notifier returned
};

Operands OperandsOf(const sim::TracePoint& tp) {
  Operands operands;
  uint8_t next = 0;
  for (const char* p = std::strchr(tp.format, '%'); p != nullptr; p = std::strchr(p + 2, '%')) {
    const char letter = p[1];
    if (letter == 'B') continue;  // the size of a block, which is no operand
    if (letter == 'f' && operands.page == kNowhere) operands.page = next;
    if (letter == 'b') operands.block = next;
    if (letter == 'k') operands.event = next;
    if (letter == 'e' || letter == 'v') operands.answer = next;
    ++next;
  }
  return operands;
}

constexpr uint32_t kTracePoints = sim::kTreePoints.last + 1;

std::array<Operands, kTracePoints> TableOfOperands() {
  std::array<Operands, kTracePoints> table{};
  for (uint32_t i = 0; i < kTracePoints; ++i) {
    const sim::TracePoint* tp = run::FindTracePoint(static_cast<sim::Tp>(i));
    if (tp != nullptr) table[i] = OperandsOf(*tp);
  }
  return table;
}

// The number of the owner's kind, and for a driver's memory how far its call has come.
uint32_t StateOfOwner(mm::Owner owner) {
  if (!mm::IsInstance(owner)) return std::min<uint32_t>(owner, mm::kFirstAllocation);
  const mm::InstanceGhost& i = mm::InstanceAt(owner);
  const uint32_t state = i.claimed | i.released << 1 | (i.call_over != 0 ? 4 : 0) | i.given_up << 3;
  return mm::kFirstInstance + state;
}

uint32_t Few(int64_t count, int64_t least, int64_t most) {
  return static_cast<uint32_t>(std::clamp(count, least, most) - least);
}

// An errno as it is; of what a notifier returned, whether it stops the chain.
uint32_t AnswerClass(uint32_t answer) {
  const auto error = static_cast<int32_t>(answer);
  if (error <= 0 && error >= -static_cast<int32_t>(scenario::kMaxErrno)) return answer;
  return (answer & mm::NOTIFY_STOP_MASK) != 0 ? 2 : 1;
}

// The page that the event is about, or the first one of the block; page 0 of none.
mm::Pfn PlaceOf(const Operands& operands, const uint32_t (&values)[4]) {
  if (operands.page != kNowhere) return mm::Pfn{values[operands.page]};
  const bool block = operands.block != kNowhere;
  const uint32_t number = block ? values[operands.block] : values[operands.event] & UINT16_MAX;
  return mm::FirstPfn(mm::BlockId{number});
}

void NoteEvent(sim::Tp tp, uint32_t answer, mm::Pfn pfn) {
  const mm::BlockGhost& block = mm::BlockGhostAt(mm::BlockOf(pfn));
  Feature(kEvent)
      .With(tp)
      .With(answer)
      .With(static_cast<uint32_t>(block.phase))
      .With(block.last_event)
      .With(StateOfOwner(mm::GhostAt(pfn).owner))
      .Reached();
}

}  // namespace

uint8_t* StateCounters() { return counters; }

// The page as the protocol sees it.
void StateFeedback::NotePage(mm::Pfn pfn) const {
  const SeenPage page = see_(pfn);
  const mm::PageGhost& ghost = mm::GhostAt(pfn);
  Feature(kPage)
      .With(StateOfOwner(ghost.owner))
      .With(Few(page.count, -1, 3))
      .With(Few(ghost.transient, 0, 2))
      .With(Few(ghost.dropped, -1, 1))
      .With(page.type)
      .With(static_cast<uint32_t>(mm::PhaseOf(pfn)))
      .Reached();
}

void StateFeedback::Begin() { previous_ = sim::Record{}; }

void StateFeedback::Step() {
  static const std::array<Operands, kTracePoints> table = TableOfOperands();
  const sim::Record& r = sim::sim().last;
  const Operands& operands = table[r.tp % kTracePoints];
  if (r.task != previous_.task && previous_.step != 0) {
    Feature(kSwitch).With(previous_.tp).With(r.tp).Reached();
  }
  previous_ = r;
  const uint32_t values[] = {r.a, r.b, r.c, 0};
  const uint32_t answer = AnswerClass(values[operands.answer]);
  const mm::Pfn pfn = PlaceOf(operands, values);
  if (!mm::PfnExists(pfn)) {
    Feature(kEvent).With(r.tp).With(answer).Reached();
    return;
  }
  NoteEvent(r.tp, answer, pfn);
  if (operands.page != kNowhere) NotePage(pfn);
}

}  // namespace hotplug::mutate
