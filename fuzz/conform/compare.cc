// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/conform/compare.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iterator>

#include "model/mm/function.h"

namespace hotplug::conform {

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
  return std::any_of(std::begin(kCounted), std::end(kCounted), [&](mm::Fn f) {
    return function == mm::kFunctionNames[static_cast<uint32_t>(f)];
  });
}

bool MayRepeat(std::string_view message) {
  return message.starts_with("migrating pfn ") || message.starts_with("failed to isolate pfn ") ||
         message == "page dumped because: migration failure" ||
         message == "page dumped because: isolation failed";
}

}  // namespace hotplug::conform
