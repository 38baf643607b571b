// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/compare.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iterator>
#include <span>

#include "model/mm/function.h"
#include "model/mm/page.h"

namespace hotplug::replay {

namespace {

using recording::Field;
using recording::Kind;
using recording::Line;

// Fields that are not compared, or only roughly.
struct Noise {
  Kind kind;
  std::string_view field;
  int64_t tolerance;  // pages; -1: not compared at all
};

constexpr Noise kNoise[] = {
    {Kind::kZone, "free", kFreeTolerance},
    {Kind::kHold, "pfn", -1},
    {Kind::kHold, "tries", -1},
    {Kind::kPin, "pfn", -1},
    {Kind::kPin, "refcount", -1},
    {Kind::kPin, "mapcount", -1},
    {Kind::kPin, "anon", -1},
    {Kind::kFnRet, "more", -1},
    {Kind::kKpf, "mapped0", -1},
    {Kind::kKpf, "mapped1", -1},
    {Kind::kKpf, "mappedmore", -1},
};

bool SameField(Kind kind, const Field& recorded, const Field& model) {
  if (recorded.text == model.text) return true;
  if (kind == Kind::kKern) return SameMessage(recorded.text, model.text);
  for (const Noise& n : kNoise) {
    if (n.kind != kind || recorded.name != n.field) continue;
    return n.tolerance < 0 || std::abs(recorded.number - model.number) <= n.tolerance;
  }
  return false;
}

bool Compared(Kind kind, const Field& f) {
  for (const Noise& n : kNoise) {
    if (n.kind == kind && f.name == n.field && n.tolerance < 0) return false;
  }
  return true;
}

// The next field from `i` on that is compared.
size_t Next(const Line& line, size_t i) {
  while (i < line.fields.size() && !Compared(line.kind, line.fields[i])) ++i;
  return i;
}

}  // namespace

bool Same(const Line& recorded, const Line& model) {
  if (recorded.kind != model.kind) return false;
  size_t r = Next(recorded, 0);
  size_t m = Next(model, 0);
  while (r < recorded.fields.size() && m < model.fields.size()) {
    const Field& a = recorded.fields[r];
    const Field& b = model.fields[m];
    if (std::string_view(a.name) != b.name || !SameField(recorded.kind, a, b)) return false;
    r = Next(recorded, r + 1);
    m = Next(model, m + 1);
  }
  return r == recorded.fields.size() && m == model.fields.size();
}

bool SameMessage(std::string_view recorded, std::string_view model) {
  size_t i = 0;
  for (const char c : model) {
    if (c != '#') {
      if (i == recorded.size() || recorded[i] != c) return false;
      ++i;
      continue;
    }
    if (i < recorded.size() && recorded[i] == '-') ++i;
    const size_t start = i;
    while (i < recorded.size() && (std::isxdigit(static_cast<unsigned char>(recorded[i])) != 0 ||
                                   (recorded[i] == 'x' && i == start + 1))) {
      ++i;
    }
    if (i == start) return false;
  }
  return i == recorded.size();
}

bool CountsAlike(std::string_view function) {
  static constexpr mm::Fn kCounted[] = {
      mm::Fn::kStartIsolatePageRange,  mm::Fn::kOfflinePages,        mm::Fn::kOnlinePages,
      mm::Fn::kRemovePfnRangeFromZone, mm::Fn::kZonePcpDisable,      mm::Fn::kZonePcpEnable,
      mm::Fn::kOfflineIsolatedPages,   mm::Fn::kMemoryNotify,        mm::Fn::kDeviceOffline,
      mm::Fn::kDeviceOnline,           mm::Fn::kMemorySubsysOffline, mm::Fn::kMemorySubsysOnline,
      mm::Fn::kMovePfnRangeToZone,     mm::Fn::kLruCacheDisable,
  };
  return std::any_of(std::begin(kCounted), std::end(kCounted),
                     [&](mm::Fn f) { return function == mm::Name(f); });
}

bool MayRepeat(std::string_view message) {
  return message.starts_with("migrating pfn ") || message.starts_with("failed to isolate pfn ") ||
         message == "page dumped because: migration failure" ||
         message == "page dumped because: isolation failed";
}

// ---- PAGES ----

namespace {

// Free pages have no references; of those that the kernel holds by itself one has.
bool HoldsItself(const Line& line) {
  if (line.Number("online_section") == 0) return true;
  const int64_t free = line.Number("buddy_pages") + line.Number("PageOffline_ref0");
  const int64_t other = mm::PagesPerBlock() - line.Number("buddy_pages") - line.Number("reserved") -
                        line.Number("lru") - line.Number("PageOffline");
  const int64_t unreferenced = line.Number("ref0") - free;
  return line.Number("refneg") != 0 || unreferenced == 0 ||
         (unreferenced > 0 && unreferenced < other);
}

// No page of the block is held by the kernel itself.
bool Idle(const Line& line) {
  const int64_t known =
      line.Number("buddy_pages") + line.Number("reserved") + line.Number("PageOffline");
  return line.Number("online_section") == 0 ||
         (known == mm::PagesPerBlock() && line.Number("lru") == 0 && line.Number("reserved") == 0);
}

// However they are shared out, the numbers add up to the same.
bool Adds(const Line& line, const Line& model, std::span<const char* const> names) {
  int64_t a = 0, b = 0;
  for (const char* name : names) {
    a += line.Number(name);
    b += model.Number(name);
  }
  return a == b;
}

}  // namespace

bool SamePages(const Line& line, const Line& model, bool busy) {
  static constexpr const char* kExact[] = {"block",
                                           "online_section",
                                           "zone",
                                           "refneg",
                                           "PageOffline",
                                           "PageOffline_ref0",
                                           "PageOffline_ref1",
                                           "PageOffline_ref2",
                                           "buddy_pages",
                                           "reserved",
                                           "lru",
                                           "isolate"};
  static constexpr const char* kCounts[] = {"ref0", "ref1", "ref2", "refmore"};
  static constexpr const char* kTypes[] = {"unmov", "mov", "recl", "highatomic"};
  bool same = true;
  for (const char* name : kExact) same = same && line.Text(name) == model.Text(name);
  const bool idle = Idle(line);
  for (const char* name : kCounts) same = same && (!idle || line.Text(name) == model.Text(name));
  // Types of pageblocks change with the pages of the kernel, and outlive them.
  const bool kernel_zone = line.Text("zone") != "Movable";
  const bool typed = !busy && !(kernel_zone && line.Number("isolate") == 0);
  for (const char* name : kTypes) same = same && (!typed || line.Text(name) == model.Text(name));
  return same && Adds(line, model, kCounts) && Adds(line, model, kTypes) && HoldsItself(line);
}

}  // namespace hotplug::replay
