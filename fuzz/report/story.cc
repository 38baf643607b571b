// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/story.h"

#include <algorithm>
#include <cstdio>
#include <initializer_list>

#include "fuzz/report/print_trace.h"
#include "fuzz/report/report.h"
#include "model/run/trace_points.h"
#include "model/sim/machine.h"

namespace hotplug::report {

namespace {

using Lines = std::vector<std::string>;

std::string ZoneName(uint32_t zone) {
  constexpr const char* kKinds[] = {"DMA", "DMA32", "Normal", "Movable"};
  return Format("%u/%s", zone / world::MAX_NR_ZONES, kKinds[zone % world::MAX_NR_ZONES]);
}

std::string BlockLine(const run::BlockEnd& b) {
  constexpr const char* kTypes[] = {"unmovable", "movable", "isolate", "other"};
  if (b.state == 0) return Format("memory%u: absent", b.number);
  std::string line = Format("memory%u: %s", b.number, StateName(b.state).c_str());
  line += Format(" dev.offline=%d node=%u", b.dev_offline ? 1 : 0, b.nid);
  // The memmap of an offline block means nothing.
  if (b.state == world::MEM_OFFLINE) return line;
  line += Format(" zone=%s free=%u offline=%u lru=%u reserved=%u counts", ZoneName(b.zone).c_str(),
                 b.free, b.page_offline, b.lru, b.reserved);
  for (uint32_t n : b.counts) line += Format(" %u", n);
  line += " types";
  for (const world::migratetype type : b.types) line += Format(" %s", kTypes[type]);
  return line;
}

std::string ZoneLine(uint32_t zone, const world::ZoneCounters& z) {
  return Format("zone %s: start=0x%x spanned=%u present=%u managed=%u free=%u isolated=%u",
                ZoneName(zone).c_str(), z.start, z.spanned, z.present, z.managed, z.free,
                z.isolated_pageblocks);
}

std::string NodeLine(uint32_t nid, const world::NodeState& n) {
  return Format("node %u: start=0x%x spanned=%u present=%u online=%d memory=%d normal_memory=%d",
                nid, n.start, n.spanned, n.present, n.online ? 1 : 0, n.has_memory ? 1 : 0,
                n.has_normal_memory ? 1 : 0);
}

Lines LinesOf(const run::WorldState& state) {
  Lines lines;
  for (const run::BlockEnd& b : state.blocks) lines.push_back(BlockLine(b));
  for (uint32_t z = 0; z < world::kNrZones; ++z) lines.push_back(ZoneLine(z, state.zones[z]));
  for (uint32_t n = 0; n < kMaxNodes; ++n) lines.push_back(NodeLine(n, state.nodes[n]));
  return lines;
}

// Looks at the world at the end of each operation.
class Watcher : public run::Observer {
 public:
  explicit Watcher(const run::World& world) : world_(world) {}

  void Begin() override { first_ = last_ = LinesOf(world_.look()); }
  void Step() override {
    if (!sim::kActorPoints.contains(sim::sim().last.tp)) return;
    const Lines now = LinesOf(world_.look());
    Lines& changed = changes_.emplace_back();
    for (size_t i = 0; i < now.size(); ++i) {
      if (now[i] != last_[i]) changed.push_back(now[i]);
    }
    last_ = now;
  }

  const Lines& first() const { return first_; }
  // At the ends of operations, in their order.
  const std::vector<Lines>& changes() const { return changes_; }

 private:
  const run::World& world_;
  Lines first_;
  Lines last_;
  std::vector<Lines> changes_;
};

// ---- Messages ----

// A physical range in a message, as blocks: worlds have blocks of different sizes.
std::string WithBlocks(const std::string& text, uint64_t block_bytes) {
  unsigned long long start = 0;
  unsigned long long end = 0;
  const size_t mem = text.find("[mem ");
  if (mem != std::string::npos &&
      std::sscanf(text.c_str() + mem, "[mem %llx-%llx]", &start, &end) == 2) {
    return text.substr(0, mem) +
           Format("[memory%llu-%llu]", start / block_bytes, end / block_bytes) +
           text.substr(text.find(']', mem) + 1);
  }
  const size_t region = text.find("region: ");
  if (region != std::string::npos &&
      std::sscanf(text.c_str() + region, "region: %llx->%llx", &start, &end) == 2) {
    return text.substr(0, region) + Format("region: memory%llu nr_blocks=%llu", start / block_bytes,
                                           (end - start) / block_bytes);
  }
  if (std::sscanf(text.c_str(), "Refuse to remove %llx - %llx", &start, &end) == 2) {
    return Format("Refuse to remove memory%llu nr_blocks=%llu, wrong granularity",
                  start / block_bytes, (end - start) / block_bytes);
  }
  return text;
}

bool BeginsWithAny(const std::string& message, std::initializer_list<const char*> begins) {
  return std::any_of(begins.begin(), begins.end(),
                     [&](const char* begin) { return message.rfind(begin, 0) == 0; });
}

// What the model leaves out (docs/fidelity.md).
bool OnlyOfTree(const std::string& message) {
  return BeginsWithAny(message, {"Fallback order for Node ", "Built ",
                                 "Policy zone: ", ": page allocation failure: "});
}

// What is said as often as a rate limit allows, and before each of these dumps a line of the page.
bool IsLimited(const std::string& message) {
  return BeginsWithAny(message, {"migrating pfn ", "failed to isolate pfn "});
}
bool IsLimitedDump(const std::string& message) {
  return BeginsWithAny(
      message, {"page dumped because: migration failure", "page dumped because: isolation failed"});
}

void AddLine(const std::string& line, Lines* story) {
  if (IsLimitedDump(line)) {
    story->pop_back();
  } else if (!IsLimited(line)) {
    story->push_back(line);
  }
}

// The model says in one message what the kernel says in two.
void AddMessage(const std::string& text, uint64_t block_bytes, Lines* story) {
  constexpr char kReason[] = " dumped because: ";
  if (OnlyOfTree(text)) return;
  const size_t at = text.find(kReason);
  if (text.rfind("page: ", 0) != 0 || at == std::string::npos) {
    return AddLine(WithBlocks(text, block_bytes), story);
  }
  AddLine(text.substr(0, at), story);
  AddLine("page" + text.substr(at), story);
}

uint64_t BlockBytes(const run::World& world, const scenario::Machine& machine) {
  constexpr uint64_t kPageBytes = 4096;
  if (&world == &run::kModelWorld) return kBlockBytes;
  return kPageBytes * scenario::PagesPerBlock(machine);
}

bool IsTold(const sim::Record& r) {
  return r.tp == world::kTpNotifierCall || sim::kActorPoints.contains(r.tp) ||
         run::FindTracePoint(r.tp)->log;
}

}  // namespace

Lines StoryOf(const scenario::Scenario& s, run::RunOptions options) {
  Watcher watcher(*options.world);
  options.observer = &watcher;
  options.keep_trace = true;
  options.on_violation = run::OnViolation::kRecord;
  const run::Outcome o = run::Run(s, options);
  const drivers::Driver& driver = DriverOf(s, options);
  const uint64_t block_bytes = BlockBytes(*options.world, s.machine);
  Lines story = watcher.first();
  size_t ends = 0;
  for (const sim::Record& r : run::Trace()) {
    if (!IsTold(r)) continue;
    const std::string text = FormatMessage(r, s, driver);
    if (run::FindTracePoint(r.tp)->log) {
      AddMessage(text, block_bytes, &story);
      continue;
    }
    story.push_back(text);
    if (r.tp == world::kTpNotifierCall) continue;
    const Lines& changed = watcher.changes()[ends++];
    story.insert(story.end(), changed.begin(), changed.end());
  }
  story.push_back(std::string("verdict ") + run::Name(o.verdict));
  if (o.verdict == run::Verdict::kNotSimulated) story.push_back(run::NotSimulated());
  return story;
}

std::string FirstDifference(const Side& a, const Side& b) {
  const auto at = std::mismatch(a.lines.begin(), a.lines.end(), b.lines.begin(), b.lines.end());
  if (at.first == a.lines.end() && at.second == b.lines.end()) return "";
  const auto line = [](Lines::const_iterator i, const Lines& lines) {
    return i == lines.end() ? std::string("nothing more") : *i;
  };
  return std::string(a.name) + ": " + line(at.first, a.lines) + "\n" + b.name + ": " +
         line(at.second, b.lines) + "\n";
}

std::string FirstDifference(const scenario::Scenario& s, const run::RunOptions& a,
                            const run::RunOptions& b) {
  const Lines x = StoryOf(s, a);
  const Lines y = StoryOf(s, b);
  std::string difference = FirstDifference({a.world->name, x}, {b.world->name, y});
  const auto at = std::mismatch(x.begin(), x.end(), y.begin(), y.end()).first;
  if (difference.empty() || at == x.begin()) return difference;
  return "behind: " + *(at - 1) + "\n" + difference;
}

}  // namespace hotplug::report
