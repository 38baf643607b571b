// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/looks.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "fuzz/fidelity/replay/compare.h"
#include "fuzz/fidelity/replay/show.h"
#include "fuzz/fidelity/replay/work.h"
#include "model/mm/page.h"

namespace hotplug::replay {

using mm::BlockId;
using recording::Kind;
using recording::Line;

bool Looks::Handle(const Line& line) {
  switch (line.kind) {
    case Kind::kState:
      State(line);
      return true;
    case Kind::kChain:
      Chain(line);
      return true;
    case Kind::kZone:
    case Kind::kZoneTotal:
      Zone(line);
      return true;
    case Kind::kPages:
    case Kind::kPagesNovalid:
    case Kind::kPagesPoisoned:
      Pages(line);
      return true;
    case Kind::kKpf:
      s_.Expect(line, ShowKpf(BlockOf(line)));
      return true;
    default:
      return false;
  }
}

void Looks::State(const Line& line) {
  std::vector<BlockId> blocks;
  for (const recording::Field& f : line.fields) {
    if (f.name == std::string_view("block")) {
      blocks.push_back(BlockId{static_cast<uint32_t>(f.number)});
    }
  }
  // They are shown from the lowest to the highest one.
  const auto above = [](BlockId a, BlockId b) { return a.v >= b.v; };
  if (std::adjacent_find(blocks.begin(), blocks.end(), above) != blocks.end()) {
    return s_.Differ(line, recording::Print(ShowState(blocks)));
  }
  s_.Expect(line, ShowState(blocks));
}

void Looks::Chain(const Line& line) {
  instrument::ChainEntry entries[kMaxNotifierNames];
  const uint32_t n = instrument::Chain(entries, kMaxNotifierNames);
  const auto pos = static_cast<uint32_t>(line.Number("pos"));
  const Line* before = s_.Before();
  const bool goes_on = before != nullptr && before->kind == Kind::kChain;
  if (pos >= n) return s_.Differ(line, absl::StrCat("nothing: the chain has ", n, " entries"));
  if (pos != 0 && (!goes_on || before->Number("pos") + 1 != pos)) {
    return s_.Differ(line, "CHAIN from its first entry on, one by one");
  }
  s_.Expect(line, ShowChain(pos, entries[pos]));
  const Line* next = s_.Next();
  const bool last = next == nullptr || next->kind != Kind::kChain || next->Number("pos") == 0;
  if (last && pos + 1 < n) {
    s_.Differ(next == nullptr ? line : *next,
              recording::Print(ShowChain(pos + 1, entries[pos + 1])));
  }
}

// A dump with a label of the script drains the per-CPU lists first.
void Looks::DrainFor(const Line& line) {
  const Line* before = s_.Before();
  if (recording::ActionOf(line.Text("at")).has_value() || line.Text("at") == "out_readd_memory")
    return;
  if (before != nullptr && before->Has("at")) return;
  if (!s_.processes.RunAside(instrument::Work{})) s_.NoRoom(line);
}

void Looks::Zone(const Line& line) {
  DrainFor(line);
  const std::string at(line.Text("at"));
  if (!FollowsInDump(line)) return s_.Differ(line, "the next zone, or totalram, of the dump");
  if (line.kind == Kind::kZoneTotal) return s_.Expect(line, ShowTotal(at));
  Line model =
      ShowZone({static_cast<uint32_t>(line.Number("node")), std::string(line.Text("zone"))}, at);
  // No page of a zone is free that has none.
  if (line.Number("managed") == 0 && line.Number("free") != model.Number("free")) {
    return s_.Differ(line, recording::Print(model));
  }
  if (FreeIsInput(line, model)) *model.Find("free") = *line.Find("free");
  s_.Expect(line, model);
}

// A dump has the zones of LAYOUT in their order, then totalram, all with the same label.
bool Looks::FollowsInDump(const Line& line) {
  static constexpr const char* kSame[] = {"node", "zone"};
  if (s_.Before()->kind != Kind::kZone) dump_at_ = 0;
  const size_t place = dump_at_++;
  if (s_.in_layout) zones_.push_back(&line);
  if (place >= zones_.size() || line.kind != zones_[place]->kind) return false;
  if (place != 0 && line.Text("at") != s_.Before()->Text("at")) return false;
  return std::all_of(std::begin(kSame), std::end(kSame), [&](const char* name) {
    return line.Text(name) == zones_[place]->Text(name);
  });
}

// Where the pages of a process and the page cache around it lie is input, as is the zone that
// the memmap of added memory is taken from, or that of removed memory goes back to.
bool Looks::FreeIsInput(const Line& line, const Line& model) const {
  const int64_t memmap = int64_t{mm::PagesPerBlock()} * 64 >> mm::PageShift();
  const int64_t off = std::abs(line.Number("free") - model.Number("free"));
  return s_.input.has_eaters() ||
         (off > memmap && off <= kFreeTolerance + s_.uevents.blocks_moved() * memmap);
}

void Looks::Pages(const Line& line) {
  DrainFor(line);
  if (line.Text("at") == "out_readd_memory") return asker_.Anonymous(line);
  if (!IsOfEvent(line)) return s_.Differ(line, "PAGES of the event's block");
  const BlockId block = BlockOf(line);
  if (line.kind == Kind::kPages && mm::Present(block)) s_.input.Adopt(line);
  // With poisoned struct pages there are two lines: the one of this kind is meant.
  Line model;
  for (Line& shown : ShowPages(block, std::string(line.Text("at")))) {
    model = std::move(shown);
    if (model.kind == line.kind) break;
  }
  const bool counted = line.kind == Kind::kPages && model.kind == Kind::kPages;
  const bool same = counted ? SamePages(line, model, s_.input.Busy(block)) : Same(line, model);
  if (!same) s_.Differ(line, recording::Print(model));
}

// What a probe prints at an event has the name of its action and is of its block.
bool Looks::IsOfEvent(const Line& line) const {
  const Line& before = *s_.Before();
  const bool at_event = before.kind == Kind::kEv;
  const bool goes_on = before.kind == Kind::kPagesPoisoned;
  if (!at_event && !goes_on) return true;
  return line.Text("at") == before.Text(at_event ? "action" : "at") &&
         line.Text("block") == before.Text("block");
}

}  // namespace hotplug::replay
