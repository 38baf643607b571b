// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/input.h"

#include <algorithm>

#include "fuzz/fidelity/replay/messages.h"
#include "fuzz/fidelity/replay/show.h"
#include "fuzz/fidelity/replay/work.h"
#include "model/mm/background.h"

namespace hotplug::replay {

namespace {

using instrument::Op;
using mm::BlockId;
using recording::Kind;
using recording::Line;

// Pages of ZONE_MOVABLE that are not on the LRU yet, or that a process holds for a moment, can
// be moved when an offlining gets to them. Those that cannot belong to the instrument.
void LetPagesMove(BlockId b) {
  const mm::Background have = mm::BackgroundOf(b);
  if (have.unmovable != 0) mm::SetBackground(b, {0, have.lru + have.unmovable});
}

bool IsFreeRange(BlockId first, uint32_t count, mm::zone_type kind) {
  for (uint32_t i = 0; i < count; ++i) {
    const BlockId b = first + i;
    if (!mm::Present(b) || mm::BlockAt(b).section_online == 0) return false;
    const uint8_t zone = mm::BlockAt(b).zone;
    if (zone == mm::kSeveralZones || mm::KindOf(zone) != kind) return false;
    const PageCounts c = Count(b);
    if (c.other() != 0 || c.offline != 0 || c.reserved != 0) return false;
  }
  return true;
}

// The range that alloc_contig_pages() would take: of the highest kernel zone, the lowest.
std::optional<BlockId> FirstFreeRange(uint32_t count) {
  for (uint8_t kind = mm::ZONE_NORMAL + 1; kind-- > 0;) {
    for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
      const BlockId b = mm::BlockNumber(i);
      if (b.v % count == 0 && IsFreeRange(b, count, static_cast<mm::zone_type>(kind))) return b;
    }
  }
  return std::nullopt;
}

}  // namespace

// The lines up to the end of the work that begins with a line.
template <class F>
void Input::ForEachLineOf(size_t at, F f) const {
  const Line& line = file_.lines[at];
  for (size_t i = at; i < file_.lines.size(); ++i) {
    const Line& l = file_.lines[i];
    f(l);
    if (l.kind == Kind::kCtl && SameCommand(line, l)) return;
    const bool ends = l.kind == Kind::kRet || l.kind == Kind::kDied;
    if (ends && line.Has("proc") && l.Number("proc") == line.Number("proc")) return;
  }
}

bool Input::FailsToIsolate(size_t at, BlockId b) const {
  const std::string message = OfflineFailedToIsolate(b);
  bool fails = false;
  ForEachLineOf(at, [&](const Line& l) {
    fails = fails || (l.kind == Kind::kKern && l.Text("text") == message);
  });
  return fails;
}

void Input::TakeFor(size_t at, const instrument::Work& work) {
  if (work.op == Op::kGrab) return TakeForGrab(at, work);
  if (work.op == Op::kMtalloc) return TakeForMtalloc(at, work);
  const bool request = work.op == Op::kWriteState || work.op == Op::kWriteOnline;
  if (!request && work.op != Op::kOarm) return;
  for (uint32_t i = 0; i < std::clamp(work.count, 1u, kMaxBlocks); ++i) {
    const BlockId b = BlockOf(file_.lines[at]) + i;
    if (!mm::Present(b) || mm::BlockAt(b).section_online == 0) continue;
    if (mm::BlockAt(b).zone == mm::kSeveralZones || mm::BlockAt(b).has_hole != 0) continue;
    if (mm::KindOf(mm::BlockAt(b).zone) == mm::ZONE_MOVABLE) {
      LetPagesMove(b);
    } else if (FailsToIsolate(at, b)) {
      const mm::Background have = mm::BackgroundOf(b);
      if (have.unmovable == 0) mm::SetBackground(b, {1, have.lru});
    }
  }
}

void Input::TakeForGrab(size_t at, const instrument::Work& work) const {
  const Line& line = file_.lines[at];
  const BlockId b = BlockOf(line);
  if (!mm::Present(b) || mm::BlockAt(b).section_online == 0) return;
  if (work.value >= mm::PagesPerBlock()) return;
  const mm::Pfn pfn = mm::FirstPfn(b) + static_cast<uint32_t>(work.value);
  bool grabbed = false, busy = false;
  ForEachLineOf(at, [&](const Line& l) {
    grabbed = grabbed || l.kind == Kind::kGrab;
    busy = busy || (l.kind == Kind::kCtl && SameCommand(line, l) && l.Text("result") == "-EBUSY");
  });
  const uint32_t chunk = 1u << world::geometry().max_order;
  const mm::Pfn start{pfn.v & ~(chunk - 1)};
  if (grabbed) mm::KeepOutOf(start, start + chunk);
  if (busy) mm::HoldPage(pfn);
}

// A page that somebody held for a moment made mtalloc pass over a range: of one range, no more.
void Input::TakeForMtalloc(size_t at, const instrument::Work& work) {
  const Line* got = nullptr;
  ForEachLineOf(at, [&](const Line& l) {
    if (l.kind == Kind::kMtAlloc) got = &l;
  });
  if (got == nullptr || work.count == 0) return;
  const std::optional<BlockId> first = FirstFreeRange(work.count);
  const BlockId recorded{static_cast<uint32_t>(got->Number("first"))};
  if (!first.has_value() || *first == recorded) return;
  passed_over_ = *first;
  const mm::Background have = mm::BackgroundOf(*first);
  mm::SetBackground(*first, {have.unmovable + 1, have.lru});
}

void Input::Allocated() {
  if (!passed_over_.has_value()) return;
  const mm::Background have = mm::BackgroundOf(*passed_over_);
  if (have.unmovable != 0) mm::SetBackground(*passed_over_, {have.unmovable - 1, have.lru});
  passed_over_.reset();
}

int64_t Input::PagesOf(int64_t proc) const {
  const auto eaten = eaten_mib_.find(proc);
  return eaten == eaten_mib_.end() ? 0 : (eaten->second << 20) >> mm::PageShift();
}

bool Input::EndEater(int64_t proc) {
  int64_t left = PagesOf(proc);
  if (eaten_mib_.erase(proc) == 0) return false;
  for (uint32_t i = 0; i < world::geometry().nr_blocks; ++i) {
    const BlockId b = mm::BlockNumber(i);
    if (mm::BlockAt(b).section_online == 0) continue;
    const mm::Background have = mm::BackgroundOf(b);
    const auto freed = static_cast<uint32_t>(std::min<int64_t>(left, have.lru));
    mm::SetBackground(b, {have.unmovable, have.lru - freed});
    left -= freed;
  }
  return true;
}

void Input::Adopt(const Line& line) {
  const BlockId block = BlockOf(line);
  if (line.Number("online_section") == 0 || mm::BlockAt(block).section_online == 0) return;
  const PageCounts c = Count(block);
  const mm::Background have = mm::BackgroundOf(block);
  const int64_t other = mm::PagesPerBlock() - line.Number("buddy_pages") - line.Number("reserved") -
                        line.Number("lru") - line.Number("PageOffline");
  const int64_t unmovable = other - (int64_t{c.other()} - have.unmovable);
  const int64_t lru = line.Number("lru") - (int64_t{c.lru} - have.lru);
  if (unmovable < 0 || lru < 0) return;
  if (other != 0 || line.Number("lru") != 0) busy_.insert(block.v);
  mm::SetBackground(block, {static_cast<uint32_t>(unmovable), static_cast<uint32_t>(lru)});
}

}  // namespace hotplug::replay
