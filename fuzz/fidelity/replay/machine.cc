// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/machine.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fuzz/fidelity/instrument/instrument.h"
#include "fuzz/fidelity/replay/show.h"
#include "model/mm/boot.h"
#include "model/mm/kernel.h"
#include "model/mm/ledger.h"
#include "model/mm/zone.h"
#include "model/scenario/echo.h"

namespace hotplug::replay {

namespace {

using mm::BlockId;
using mm::NodeId;
using recording::BlockRange;
using recording::Kind;
using recording::Line;

constexpr const char* kZoneNames[mm::MAX_NR_ZONES] = {"DMA", "DMA32", "Normal", "Movable"};

// The simulated kernel has functions that keep their state per thread, so set-up is a class
// only to share what it reads from the recording.
class Builder {
 public:
  Builder(const recording::File& file, std::string_view path, Machine* machine)
      : file_(file), path_(path), machine_(machine) {}

  absl::Status Build() {
    if (absl::Status s = ReadMachine(); !s.ok()) return s;
    ReadLayout();
    if (absl::Status s = CheckBlocks(); !s.ok()) return s;
    if (absl::Status s = CheckZones(); !s.ok()) return s;
    Boot();
    for (const auto& [block, state] : states_) BootBlock(block, *state);
    if (absl::Status s = CheckCounters(); !s.ok()) return s;
    SetCounters();
    SetUpInstrument();
    return absl::OkStatus();
  }

 private:
  absl::Status Error(const Line& line, std::string_view field, std::string_view message) const {
    const recording::Field* f = line.Find(field);
    return absl::InvalidArgumentError(absl::StrCat(EchoName(path_), ":", line.number, ":",
                                                   f == nullptr ? 1 : f->column, ": ",
                                                   std::string(message)));
  }

  absl::Status ReadMachine() {
    const Line& m = file_.lines.front();
    if (absl::Status s = ReadKernel(m); !s.ok()) return s;
    config_.page_shift = Log2(m, "page_size");
    config_.block_order = Log2(m, "block_pages");
    config_.pageblock_order = Log2(m, "pageblock_pages");
    config_.max_order = static_cast<uint8_t>(m.Number("max_order"));
    config_.debug_vm = m.Number("debug_vm") != 0;
    machine_->dimm_node = NodeId{static_cast<uint32_t>(m.Number("dimm_node"))};
    machine_->config_bug = m.Number("config_bug", 1) != 0;
    const char* why =
        mm::InvalidGeometry(config_.block_order, config_.pageblock_order, config_.max_order);
    return why == nullptr ? ReadBlocks(m) : Error(m, "block_pages", why);
  }

  // 5.9.1 has the profile of 5.9.
  absl::Status ReadKernel(const Line& m) {
    const std::string_view kernel = m.Text("kernel");
    uint32_t row = mm::kNrKernels;
    for (uint32_t i = 0; i < mm::kNrKernels; ++i) {
      const std::string_view name = mm::kKernelNames[i];
      if (kernel == name || (kernel.starts_with(name) && kernel[name.size()] == '.')) row = i;
    }
    if (row == mm::kNrKernels) {
      return Error(m, "kernel",
                   absl::StrCat("there is no profile of kernel ", std::string(kernel)));
    }
    config_.kernel = static_cast<uint8_t>(row);
    return absl::OkStatus();
  }

  // Boot memory, and a DIMM above it.
  absl::Status ReadBlocks(const Line& m) {
    const BlockRange boot = *recording::RangeOf(m.Text("boot_blocks"));
    const std::optional<BlockRange> dimm = recording::RangeOf(m.Text("dimm_blocks"));
    const char* highest = dimm.has_value() ? "dimm_blocks" : "boot_blocks";
    const BlockRange above = dimm.value_or(BlockRange{boot.last + 1, boot.last});
    const int64_t nr_boot = boot.last - boot.first + 1;
    const int64_t nr_dimm = above.last - above.first + 1;
    if (nr_boot + nr_dimm > kMaxBlocks) {
      return Error(m, highest, absl::StrCat("expected at most ", kMaxBlocks, " blocks"));
    }
    if ((above.last + 1) << config_.block_order > kMaxPfn) {
      return Error(m, highest,
                   absl::StrCat("expected pages below pfn ", recording::HexText(kMaxPfn)));
    }
    config_.first_block = static_cast<uint32_t>(boot.first);
    config_.nr_blocks = static_cast<uint32_t>(nr_boot + nr_dimm);
    config_.gap_index = static_cast<uint32_t>(nr_boot);
    config_.gap_blocks = static_cast<uint32_t>(above.first - boot.last - 1);
    machine_->first_dimm_block = BlockId{static_cast<uint32_t>(above.first)};
    machine_->nr_dimm_blocks = static_cast<uint32_t>(nr_dimm);
    return absl::OkStatus();
  }

  static uint8_t Log2(const Line& m, std::string_view field) {
    return static_cast<uint8_t>(std::bit_width(static_cast<uint64_t>(m.Number(field, 4096))) - 1);
  }

  void ReadLayout() {
    for (const Line& line : file_.lines) {
      if (line.kind == Kind::kLayoutEnd) break;
      if (line.kind == Kind::kZone) zone_lines_.push_back(&line);
      if (line.kind == Kind::kChain) chain_.push_back(&line);
      if (line.kind == Kind::kPages) {
        pages_[static_cast<uint32_t>(line.Number("block"))] = &line;
      }
      if (line.kind != Kind::kState) continue;
      for (size_t i = 0; i + 2 < line.fields.size(); i += 3) {
        const auto block = static_cast<uint32_t>(line.fields[i].number);
        states_[block] = &line.fields[i + 1].text;
        machine_->blocks.push_back(BlockId{block});
        state_line_ = &line;
      }
    }
    for (const Line* z : zone_lines_) {
      machine_->zones.push_back(
          {static_cast<uint32_t>(z->Number("node")), std::string(z->Text("zone"))});
      spans_.push_back({static_cast<uint32_t>(z->Number("start_pfn")),
                        static_cast<uint32_t>(z->Number("spanned")), z});
    }
  }

  absl::Status CheckBlocks() const {
    const uint32_t boot_last = config_.first_block + config_.gap_index - 1;
    for (const auto& [block, state] : states_) {
      const bool boot = block >= config_.first_block && block <= boot_last;
      const bool dimm = block - machine_->first_dimm_block.v < machine_->nr_dimm_blocks;
      if (!boot && !dimm) {
        return Error(*state_line_, "block",
                     absl::StrCat("block ", block, " is neither of boot memory nor of the DIMM"));
      }
    }
    if (states_.size() == config_.nr_blocks) return absl::OkStatus();
    return Error(*state_line_, "block",
                 absl::StrCat("expected the states of all ", config_.nr_blocks, " blocks"));
  }

  // Zones of nodes that there are, each once, within the machine's memory.
  absl::Status CheckZones() const {
    std::set<std::pair<int64_t, std::string_view>> seen;
    for (const Line* z : zone_lines_) {
      if (z->Number("node") >= file_.lines.front().Number("nodes")) {
        return Error(*z, "node", "expected a node of MACHINE");
      }
      if (!seen.insert({z->Number("node"), z->Text("zone")}).second) {
        return Error(*z, "zone", "expected each zone once");
      }
      if (absl::Status s = CheckZone(*z); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  // A zone spans what it counts.
  absl::Status CheckZone(const Line& z) const {
    static constexpr const char* kFewer[] = {"spanned", "present", "managed", "free"};
    for (size_t i = 1; i < std::size(kFewer); ++i) {
      if (z.Number(kFewer[i]) <= z.Number(kFewer[i - 1])) continue;
      return Error(z, kFewer[i], absl::StrCat("expected no more than ", kFewer[i - 1]));
    }
    const int64_t first = int64_t{config_.first_block} << config_.block_order;
    const int64_t blocks = int64_t{config_.nr_blocks} + config_.gap_blocks;
    const int64_t end = first + (blocks << config_.block_order);
    const int64_t start = z.Number("start_pfn");
    const int64_t spanned = z.Number("spanned");
    if (spanned != 0 && z.Text("zone") == "Device") {
      return Error(z, "spanned", "expected 0: the model has no pages of devices");
    }
    if (spanned != 0 && (start < first || start + spanned > end)) {
      return Error(z, "start_pfn", "expected pages of the blocks of MACHINE");
    }
    return absl::OkStatus();
  }

  // What offlining takes off the counters of a zone is on them: the pages of its blocks that are
  // online and have no hole are present, and managed unless they are reserved.
  absl::Status CheckCounters() const {
    struct Pages {
      uint32_t present, managed;
    };
    std::array<Pages, kMaxNodes * mm::MAX_NR_ZONES> least{};
    for (uint32_t i = 0; i < config_.nr_blocks; ++i) {
      const BlockId block = mm::BlockNumber(i);
      const mm::memory_block& mem = mm::BlockAt(block);
      if (mem.section_online == 0 || mem.has_hole != 0 || mem.zone == mm::kSeveralZones) continue;
      least[mem.zone].present += mm::PagesPerBlock();
      least[mem.zone].managed += mm::PagesPerBlock() - Count(block).reserved;
    }
    for (const Line* z : zone_lines_) {
      if (KindOfName(z->Text("zone")) == mm::MAX_NR_ZONES) continue;
      const Pages& pages = least[IndexOf(*z)];
      for (const auto& [name, least_of] :
           {std::pair{"present", pages.present}, {"managed", pages.managed}}) {
        if (z->Number(name) >= least_of) continue;
        return Error(
            *z, name,
            absl::StrCat("expected at least the ", least_of, " pages of its online blocks"));
      }
    }
    return absl::OkStatus();
  }

  void Boot() {
    sim::Machine& m = sim::Machine::ForThread();
    // A block of boot memory is on the node whose zone spans it; one that no zone spans, on that
    // of the nearest block below.
    uint8_t node = 0;
    for (uint32_t i = 0; i < config_.nr_blocks; ++i) {
      const bool dimm = i >= config_.gap_index;
      if (const Line* z = SpanAt((config_.first_block + i) << config_.block_order); z != nullptr) {
        node = static_cast<uint8_t>(z->Number("node"));
      }
      const uint8_t nid = dimm ? static_cast<uint8_t>(machine_->dimm_node.v) : node;
      config_.blocks[i] = {nid, mm::ZONE_NORMAL, false, true};
    }
    m.Clear();
    m.sim().current = sim::FiberPool::kMain;
    m.hooks = {&EndOfStep, nullptr};
    m.trace.Reset(true);
    mm::Boot(config_);
    mm::MmState& s = mm::mm();
    s.trace_functions = 1;
    s.mhp_memmap_on_memory = file_.lines.front().Number("memmap_on_memory") != 0 ? 1 : 0;
    s.lowest_zone = mm::ZONE_NORMAL;
    for (const Line* z : zone_lines_) {
      const mm::zone_type kind = KindOfName(z->Text("zone"));
      s.lowest_zone = std::min<uint8_t>(s.lowest_zone, kind);
    }
  }

  // No checks run here, only the ledger's lists are emptied.
  static void EndOfStep() { mm::EndStep(0); }

  // The zone of the LAYOUT whose span a page lies in; null for a page that is no memory. Asked for
  // every page.
  const Line* SpanAt(uint32_t pfn) const {
    for (const Span& span : spans_) {
      if (pfn - span.start < span.nr_pages) return span.zone;
    }
    return nullptr;
  }

  static uint8_t IndexOf(const Line& z) {
    const NodeId node{static_cast<uint32_t>(z.Number("node"))};
    return static_cast<uint8_t>(mm::ZoneIndex(node, KindOfName(z.Text("zone"))));
  }

  // Runs of pages of a block that lie in one zone or in none.
  std::vector<mm::BootPart> PartsOf(BlockId block) const {
    const uint32_t start = mm::FirstPfn(block).v;
    const uint32_t end = start + mm::PagesPerBlock();
    std::vector<mm::BootPart> parts;
    for (uint32_t pfn = start; pfn < end;) {
      const Line* z = SpanAt(pfn);
      uint32_t to = pfn + 1;
      while (to < end && SpanAt(to) == z) ++to;
      parts.push_back({to - pfn, z == nullptr ? HoleZone(pfn, to, start, end) : IndexOf(*z),
                       z == nullptr, 0, 0, 0});
      pfn = to;
    }
    return parts;
  }

  // The zone that the struct pages of a hole [from, to) were given at boot: that of the memory
  // in the same subsection, or the lowest of the machine.
  uint8_t HoleZone(uint32_t from, uint32_t to, uint32_t start, uint32_t end) const {
    const uint32_t subsection = std::min(512u, mm::PagesPerBlock());
    const Line* below = from > start && from % subsection != 0 ? SpanAt(from - 1) : nullptr;
    const Line* above = to < end && to % subsection != 0 ? SpanAt(to) : nullptr;
    const Line* around = below != nullptr ? below : above;
    if (around != nullptr && mm::kernel().hole_pages_in_zone) return IndexOf(*around);
    return static_cast<uint8_t>(mm::ZoneIndex(NodeId{0}, LowestZone()));
  }
  static mm::zone_type LowestZone() { return static_cast<mm::zone_type>(mm::mm().lowest_zone); }

  // True if the zone lies in this part alone, so that the zone's counters tell what is in it.
  static bool FillsZone(const mm::BootPart& part, const Line& z) {
    return part.nr_pages == static_cast<uint32_t>(z.Number("spanned"));
  }

  void BootBlock(uint32_t number, const std::string& state) {
    const BlockId block{number};
    if (state == "absent") {
      AbsentBlock(block);
      return;
    }
    if (state != "online") return;
    std::vector<mm::BootPart> parts = PartsOf(block);
    if (auto found = pages_.find(number); found != pages_.end())
      Fill(*found->second, &parts, block);
    mm::BootOnline(block, parts.data(), static_cast<uint32_t>(parts.size()));
    if (HoleInside(parts, block)) mm::BlockAt(block).has_hole = 1;
    mm::BlockAt(block).boot_memmap = number < machine_->first_dimm_block.v ? 1 : 0;
  }

  static void AbsentBlock(BlockId block) {
    mm::BlockAt(block) = mm::memory_block{};
    mm::SetPhase(block, mm::Phase::kAbsent);
  }

  // Pages that PAGES of the block counts, shared out among its parts: a zone that lies in one
  // part has counters of its own, what is left goes to the part with most pages.
  void Fill(const Line& pages, std::vector<mm::BootPart>* parts, BlockId block) const {
    int64_t reserved = pages.Number("reserved");
    int64_t lru = pages.Number("lru");
    int64_t other = mm::PagesPerBlock() - pages.Number("buddy_pages") - reserved - lru -
                    pages.Number("PageOffline");
    mm::BootPart* largest = &parts->front();
    uint32_t pfn = mm::FirstPfn(block).v;
    for (mm::BootPart& part : *parts) {
      const Line* z = SpanAt(pfn);
      pfn += part.nr_pages;
      if (part.nr_pages > largest->nr_pages) largest = &part;
      if (part.hole) {
        reserved -= part.nr_pages;
      } else if (parts->size() > 1 && FillsZone(part, *z)) {
        part.reserved = part.nr_pages - static_cast<uint32_t>(z->Number("managed"));
        part.unmovable = static_cast<uint32_t>(z->Number("managed") - z->Number("free"));
        reserved -= part.reserved;
        other -= part.unmovable;
      }
    }
    const int64_t room = largest->nr_pages - largest->reserved - largest->unmovable;
    largest->reserved += static_cast<uint32_t>(std::clamp<int64_t>(reserved, 0, room));
    largest->unmovable += static_cast<uint32_t>(
        std::clamp<int64_t>(other, 0, largest->nr_pages - largest->reserved - largest->unmovable));
    largest->lru = static_cast<uint32_t>(
        std::clamp<int64_t>(lru, 0, largest->nr_pages - largest->reserved - largest->unmovable));
  }

  // Pages of blocks inside a zone's span that are not online: no holes, though not present.
  int64_t OfflineIn(const Line& z) const {
    int64_t pages = 0;
    for (const auto& [block, state] : states_) {
      if (*state != "online" && SpanAt(mm::FirstPfn(BlockId{block}).v) == &z) {
        pages += mm::PagesPerBlock();
      }
    }
    return pages;
  }

  // A zone that lacks pages inside its span: the hole is in the first block that has pages
  // reserved, which is where firmware keeps its own.
  bool HoleInside(const std::vector<mm::BootPart>& parts, BlockId block) {
    uint32_t pfn = mm::FirstPfn(block).v;
    bool hole = false;
    for (const mm::BootPart& part : parts) {
      const Line* z = SpanAt(pfn);
      pfn += part.nr_pages;
      if (part.hole || part.reserved == 0) continue;
      if (z->Number("present") + OfflineIn(*z) >= z->Number("spanned") || holed_[z]) continue;
      holed_[z] = hole = true;
    }
    return hole;
  }

  // Counters are the recording's: what they count below the grain of the model is input.
  void SetCounters() {
    for (mm::node& n : mm::mm().nodes) n.present_pages = 0;
    for (const Line* line : zone_lines_) {
      if (KindOfName(line->Text("zone")) == mm::MAX_NR_ZONES) continue;
      mm::zone& z = mm::mm().zones[IndexOf(*line)];
      z.zone_start_pfn = static_cast<uint32_t>(line->Number("start_pfn"));
      z.spanned_pages = static_cast<uint32_t>(line->Number("spanned"));
      z.present_pages = static_cast<uint32_t>(line->Number("present"));
      z.managed_pages = static_cast<uint32_t>(line->Number("managed"));
      mm::mm().nodes[line->Number("node")].present_pages += z.present_pages;
    }
  }

  void SetUpInstrument() {
    instrument::Setup();
    instrument::Bind();
    for (const Line* c : chain_) {
      const int name = instrument::Name(std::string(c->Text("name")).c_str());
      instrument::AddKernelNotifier(static_cast<uint32_t>(name),
                                    static_cast<int32_t>(c->Number("prio")), false);
    }
    instrument::WriteAutoOnline(std::string(file_.lines.front().Text("auto_online")).c_str());
  }

  const recording::File& file_;
  const std::string_view path_;
  Machine* const machine_;
  mm::BootConfig config_{};
  struct Span {
    uint32_t start;  // pfn
    uint32_t nr_pages;
    const Line* zone;
  };

  std::vector<const Line*> zone_lines_;
  std::vector<Span> spans_;  // of zone_lines_, in their order
  std::vector<const Line*> chain_;
  std::map<uint32_t, const Line*> pages_;
  std::map<uint32_t, const std::string*> states_;
  const Line* state_line_ = nullptr;
  std::map<const Line*, bool> holed_;
};

}  // namespace

absl::Status SetUp(const recording::File& file, std::string_view path, Machine* machine) {
  return Builder(file, path, machine).Build();
}

mm::zone_type KindOfName(std::string_view name) {
  for (uint8_t kind = 0; kind < mm::MAX_NR_ZONES; ++kind) {
    if (name == kZoneNames[kind]) return static_cast<mm::zone_type>(kind);
  }
  return mm::MAX_NR_ZONES;
}

const char* NameOfKind(mm::zone_type kind) { return kZoneNames[kind]; }

}  // namespace hotplug::replay
