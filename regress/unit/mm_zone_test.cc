// SPDX-License-Identifier: GPL-2.0-or-later
//
// Zones and nodes of a machine with all four zones and a hole in its block numbers. Method:
// machines as a line of letters; blocks are onlined and offlined through the kernel's functions,
// and spans, counters, valid_zones and what notifiers are told is compared. Goal: the rules of
// kernel-facts 1.2, 2.1 and 2.3.
#include "model/mm/hotplug.h"
#include "model/mm/memory.h"
#include "model/mm/page.h"
#include "regress/unit/layout.h"

namespace hotplug::mm {
namespace {

using testing::kZoneLetters;
using testing::Layout;
using testing::LetterOf;
using testing::Locked;
using testing::Rig;
using testing::Strings;
using testing::ToldRig;
using testing::ValidZonesOf;

// ---- Which zone a block goes to ---------------------------------------------------------

// The block that a machine of one offline block (or the lowest of them) is about.
BlockId FirstOffline() {
  uint32_t i = 0;
  while (mm().blocks[i].state != MEM_OFFLINE) ++i;
  return BlockNumber(i);
}

// The letters of the zones that `online`, `online_kernel` and `online_movable` bring it to.
std::string ZonesByType(const std::string& layout) {
  std::string letters;
  for (const mmop type : {MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE}) {
    Rig rig(Layout(layout));
    const BlockId block = FirstOffline();
    uint32_t before = 0;
    for (const zone& z : mm().zones) before += z.present_pages;
    rig.Do(Locked([&] { online_pages(block, type); }));
    const uint32_t z = BlockAt(block).zone;
    uint32_t after = 0;
    for (const zone& other : mm().zones) after += other.present_pages;
    CHECK(after == before + 4);
    for (uint32_t i = 0; i < 4; ++i) CHECK(PageAt(FirstPfn(block) + i).zone == z);
    letters += LetterOf(z);
  }
  return letters;
}

TEST_CASE("a block goes to the zone that is asked for, and by default to the one around it") {
  struct Row {
    const char* layout;
    const char* zones;  // by type
    const char* valid;  // valid_zones: the default first
  };
  const Row rows[] = {
      {"d33n.m", "nnm", "nm"},  // between two zones: Normal
      {".d3nm", "nnm", "nm"},   // below all of them: Normal all the same
      {"d3.3nm", "33m", "3m"},  // inside of one
      {"d.d3nm", "ddm", "dm"}, {"d3n.nm", "nnm", "nm"},
      {"3nm.m", "mnm", "mn"},                           // inside of Movable alone
      {"3nm.mn", "nnm", "nm"},                          // inside of both: the kernel's zone
      {"3m.m3", "33m", "3m"},  {"d3.d3", "ddm", "dm"},  // inside of two of the kernel's: the lowest
      {"3n|.", "nnm", "nm"},                            // the DIMM behind the hole
      {"3m|.", "nnm", "nm"},   {"3m|.m", "mnm", "mn"},  // Movable reaches over the hole
      {"3m|.n", "nnm", "nm"},  {"33|.3", "33m", "3m"},
      {"3n/.", "nnm", "nm"},  // a node without memory
      {"3n/m.m", "mnm", "mn"}, {"3m/.", "nnm", "nm"},
      {"3n.", "nnm", "nm"},
  };
  for (const Row& row : rows) {
    INFO(row.layout);
    CHECK(ZonesByType(row.layout) == row.zones);
    Rig rig(Layout(row.layout));
    CHECK(ValidZonesOf(FirstOffline()) == row.valid);
  }
}

TEST_CASE("an online block shows its zone, or none if it has several") {
  Rig rig(Layout("d3nm"));
  for (uint32_t i = 0; i < 4; ++i) {
    CHECK(ValidZonesOf(BlockNumber(i)) == std::string(1, kZoneLetters[i]));
  }
  BlockAt(BlockNumber(1)).zone = kSeveralZones;
  CHECK(ValidZonesOf(BlockNumber(1)).empty());
}

TEST_CASE("a block on its way out shows where it may come back to") {
  ToldRig rig(Layout("3nm"));
  std::string during;
  rig.Task(Locked([&] { device_offline(BlockNumber(2)); }));
  rig.Task([&] { during = ValidZonesOf(BlockNumber(2)); });
  rig.At(0, 7, 1);  // behind GOING_OFFLINE
  CHECK(rig.Run() == sim::Stop::kFinished);
  CHECK(during == "mn");
  // Movable is empty and spans nothing any more.
  CHECK(ValidZonesOf(BlockNumber(2)) == "nm");
}

// ---- Spans ------------------------------------------------------------------------------

// What a zone of node 0 spans: "4-6" in block numbers, or "-".
std::string SpanOf(zone_type kind) {
  const zone& z = mm().zones[ZoneIndex(NodeId{0}, kind)];
  if (z.spanned_pages == 0) return z.zone_start_pfn == 0 ? "-" : "empty, but not at 0";
  const uint32_t last = z.zone_start_pfn + z.spanned_pages - 1;
  const uint32_t mask = PagesPerBlock() - 1;
  if ((z.zone_start_pfn & mask) != 0 || (last & mask) != mask) return "not of whole blocks";
  return std::to_string(BlockOf(Pfn{z.zone_start_pfn}).v) + "-" +
         std::to_string(BlockOf(Pfn{last}).v);
}

// Offlines ("-1": the block at place 1) and onlines ("+1k": of type kernel, "+1m": movable) and
// notes the span of a zone after each.
Strings Spans(const std::string& layout, zone_type kind, const Strings& changes) {
  Rig rig(Layout(layout));
  Strings spans = {SpanOf(kind)};
  rig.Do(Locked([&] {
    for (const std::string& change : changes) {
      const BlockId block = BlockNumber(static_cast<uint32_t>(change[1] - '0'));
      if (change[0] == '-') {
        offline_pages(block);
      } else {
        online_pages(block, change[2] == 'm' ? MMOP_ONLINE_MOVABLE : MMOP_ONLINE_KERNEL);
      }
      spans.push_back(SpanOf(kind));
    }
  }));
  return spans;
}

TEST_CASE("a span shrinks at its ends, not in its middle, and to nothing") {
  CHECK(Spans("nnnn", ZONE_NORMAL, {"-0", "-3", "-1", "-2"}) ==
        Strings{"4-7", "5-7", "5-6", "6-6", "-"});
  CHECK(Spans("nnnn", ZONE_NORMAL, {"-1", "-2", "-0", "-3"}) ==
        Strings{"4-7", "4-7", "4-7", "7-7", "-"});  // over what was gone already
  CHECK(Spans("nnnn", ZONE_NORMAL, {"-2", "-1", "-3", "-0"}) ==
        Strings{"4-7", "4-7", "4-7", "4-4", "-"});
  CHECK(Spans("n3nm", ZONE_NORMAL, {"-0"}) == Strings{"4-6", "6-6"});  // not to another's block
  CHECK(Spans("n3nm", ZONE_NORMAL, {"-2"}) == Strings{"4-6", "4-4"});
  CHECK(Spans("n3nm", ZONE_DMA32, {"-0", "-2", "-3"}) == Strings{"5-5", "5-5", "5-5", "5-5"});
}

TEST_CASE("a span grows at both ends, and from nothing") {
  CHECK(Spans("....", ZONE_NORMAL, {"+1k", "+3k", "+2k", "+0k"}) ==
        Strings{"-", "5-5", "5-7", "5-7", "4-7"});
  CHECK(Spans("3m..", ZONE_MOVABLE, {"+3m", "-3"}) == Strings{"5-5", "5-7", "5-5"});
  CHECK(Spans("3m..", ZONE_NORMAL, {"+3k", "+2k", "-3"}) == Strings{"-", "7-7", "6-7", "6-6"});
}

TEST_CASE("spans reach over the hole in the block numbers") {
  CHECK(Spans("nn|..", ZONE_NORMAL, {"+3k", "+2k", "-3", "-2"}) ==
        Strings{"4-5", "4-27", "4-27", "4-26", "4-5"});
  CHECK(Spans("nn|nn", ZONE_NORMAL, {"-0", "-1", "-2", "-3"}) ==
        Strings{"4-27", "5-27", "26-27", "27-27", "-"});
  CHECK(Spans("3m|nm", ZONE_MOVABLE, {"-1"}) == Strings{"5-27", "27-27"});
  CHECK(Spans("3m|nm", ZONE_MOVABLE, {"-3"}) == Strings{"5-27", "5-5"});
}

TEST_CASE("a refused onlining gives back what it had grown") {
  for (const char* layout : {"nn|..", "..|..", "n.|..", "nm|.."}) {
    ToldRig rig(Layout(layout));
    rig.refuse = {"GOING_ONLINE 27"};
    const std::string before = SpanOf(ZONE_NORMAL);
    std::string during;
    int rc = 0;
    rig.Task(Locked([&] { rc = online_pages(BlockNumber(3), MMOP_ONLINE_KERNEL); }));
    rig.Task([&] { during = SpanOf(ZONE_NORMAL); });
    rig.At(0, 8, 1);
    CHECK(rig.Run() == sim::Stop::kFinished);
    INFO(layout);
    CHECK(rc == -EBUSY);
    CHECK(rig.log == Strings{"GOING_ONLINE 27" + rig.log[0].substr(15),
                             "CANCEL_ONLINE 27" + rig.log[0].substr(15)});
    CHECK(during == (before == "-" ? "27-27" : before.substr(0, 1) + "-27"));
    CHECK(SpanOf(ZONE_NORMAL) == before);
  }
}

TEST_CASE("a span ends where its last subsection ends, whoever has the rest of the block") {
  BootConfig boot = Layout("nnn");
  boot.block_order = 10;  // two subsections
  boot.pageblock_order = 9;
  boot.max_order = 10;
  Rig rig(boot);
  const zone& z = testing::NormalZone();
  // The upper half of block 5 belongs to another zone.
  for (uint32_t i = 512; i < 1024; ++i) PageAt(FirstPfn(BlockId{5}) + i).zone = ZONE_DMA32;
  rig.Do(Locked([&] { offline_pages(BlockId{6}); }));
  CHECK(z.zone_start_pfn == 4096);
  CHECK(z.spanned_pages == 1536);
  // And seen from below the lower half.
  Rig other(boot);
  for (uint32_t i = 0; i < 512; ++i) PageAt(FirstPfn(BlockId{5}) + i).zone = ZONE_DMA32;
  other.Do(Locked([&] { offline_pages(BlockId{4}); }));
  CHECK(testing::NormalZone().zone_start_pfn == 5120 + 512);
  CHECK(testing::NormalZone().spanned_pages == 1024 + 512);
}

// ---- Nodes ------------------------------------------------------------------------------

TEST_CASE("notifiers are told of the first and the last memory of a node, and of its kernel's") {
  ToldRig rig(Layout("3n/..."));
  const BlockId a{6}, b{7}, c{8};
  Strings states;
  const auto note = [&] {
    states.push_back(std::to_string(mm().nodes[1].has_memory) +
                     std::to_string(mm().nodes[1].has_normal_memory));
  };
  rig.Do(Locked([&] {
    online_pages(a, MMOP_ONLINE_MOVABLE);
    note();
    online_pages(b, MMOP_ONLINE_KERNEL);
    note();
    online_pages(c, MMOP_ONLINE_KERNEL);
    note();
    offline_pages(b);
    note();
    offline_pages(c);
    note();
    offline_pages(a);
    note();
  }));
  CHECK(rig.log == Strings{"GOING_ONLINE 6 nid=1", "ONLINE 6 nid=1", "GOING_ONLINE 7 nid_normal=1",
                           "ONLINE 7 nid_normal=1", "GOING_ONLINE 8", "ONLINE 8", "GOING_OFFLINE 7",
                           "OFFLINE 7", "GOING_OFFLINE 8 nid_normal=1", "OFFLINE 8 nid_normal=1",
                           "GOING_OFFLINE 6 nid=1", "OFFLINE 6 nid=1"});
  CHECK(states == Strings{"10", "11", "11", "11", "10", "00"});
}

TEST_CASE("memory of all zones up to Normal is the kernel's, and one block may be all there is") {
  ToldRig rig(Layout("d3m"));
  rig.Do(Locked([&] {
    offline_pages(BlockId{4});
    offline_pages(BlockId{5});
    offline_pages(BlockId{6});
    online_pages(BlockId{4}, MMOP_ONLINE);
  }));
  CHECK(rig.log == Strings{"GOING_OFFLINE 4", "OFFLINE 4", "GOING_OFFLINE 5 nid_normal=0",
                           "OFFLINE 5 nid_normal=0", "GOING_OFFLINE 6 nid=0", "OFFLINE 6 nid=0",
                           "GOING_ONLINE 4 nid=0 nid_normal=0", "ONLINE 4 nid=0 nid_normal=0"});
  CHECK(mm().nodes[0].has_memory == 1);
  CHECK(mm().nodes[0].has_normal_memory == 1);
}

TEST_CASE("who is told that it is cancelled is told the same as before, and nothing has changed") {
  ToldRig rig(Layout("n/."));
  rig.refuse = {"GOING_OFFLINE 4", "GOING_ONLINE 5"};
  rig.Do(Locked([&] {
    offline_pages(BlockId{4});
    online_pages(BlockId{5}, MMOP_ONLINE);
  }));
  CHECK(rig.log ==
        Strings{"GOING_OFFLINE 4 nid=0 nid_normal=0", "CANCEL_OFFLINE 4 nid=0 nid_normal=0",
                "GOING_ONLINE 5 nid=1 nid_normal=1", "CANCEL_ONLINE 5 nid=1 nid_normal=1"});
  CHECK(mm().nodes[0].has_memory == 1);
  CHECK(mm().nodes[1].has_memory == 0);
  CHECK(mm().nodes[1].has_normal_memory == 0);
}

}  // namespace
}  // namespace hotplug::mm
