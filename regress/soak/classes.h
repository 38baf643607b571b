// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the fields of a recording are to conform: what the model must show itself, what it is
// given, or what differs from boot to boot.
#ifndef REGRESS_SOAK_CLASSES_H_
#define REGRESS_SOAK_CLASSES_H_

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/compare.h"

namespace hotplug::changes {

enum class Class : uint8_t { kOutput, kInput, kNoise };

// Why a field is not output; `form` tells apart lines of a kind whose field is of two classes.
struct Row {
  recording::Kind kind;
  std::string_view field;  // "" for all fields of the kind but `but`
  Class what;
  const char* reason;
  const char* form = "";
  bool (*applies)(const recording::Line&) = nullptr;
  std::string_view but = {};
};

// Some page of the block is held by the kernel, or its page cache.
inline bool Busy(const recording::Line& line) {
  const int64_t refs = line.Number("ref0") + line.Number("ref1") + line.Number("ref2") +
                       line.Number("refmore") + line.Number("refneg");
  const int64_t known =
      line.Number("buddy_pages") + line.Number("reserved") + line.Number("PageOffline");
  return line.Number("online_section") != 0 && (known != refs || line.Number("reserved") != 0);
}

inline bool HasLabel(const recording::Line& line) {
  return !recording::ActionOf(line.Text("at")).has_value();
}

inline bool Repeats(const recording::Line& line) {
  const std::string_view text = line.Text("text");
  return replay::MayRepeat(text) || text.starts_with("note: ") || text.starts_with("page: ");
}

inline bool RoughlyCounted(const recording::Line& line) {
  return !replay::CountsAlike(line.Text("function"));
}

inline bool IsRemark(const recording::Line& line) {
  return line.Text("text").find('=') == std::string_view::npos;
}

inline constexpr const char* kPageHolder = "which pages the kernel holds";
// STATE of all blocks shows each of them; of one, the script has chosen it.
inline bool ShowsOneBlock(const recording::Line& line) { return line.fields.size() == 3; }

inline constexpr const char* kLooked = "the block that is looked at";
inline constexpr const char* kLabel = "a label of the script";

using recording::Kind;

inline constexpr Row kRows[] = {
    {Kind::kReq, "", Class::kInput, "the request; RET repeats it"},
    {Kind::kReqFailed, "", Class::kInput, "the request", "", nullptr, "result"},
    {Kind::kCall, "", Class::kInput, "the command; CTL repeats it"},
    {Kind::kCtl, "", Class::kInput, "the command", "", nullptr, "result"},
    {Kind::kSig, "", Class::kInput, "the signal that is sent"},
    {Kind::kWr, "", Class::kInput, "what is written", "", nullptr, "result"},
    {Kind::kRd, "path", Class::kInput, "what is read"},
    {Kind::kInsmod, "", Class::kInput, "the module that is loaded"},
    {Kind::kEat, "", Class::kInput, "the memory that is filled"},
    {Kind::kScenario, "", Class::kNoise, "a remark"},
    {Kind::kNote, "text", Class::kNoise, "a remark", "remark", IsRemark},
    {Kind::kInfo, "text", Class::kNoise, "a remark", "remark", IsRemark},
    {Kind::kPages, "at", Class::kNoise, kLabel, "label", HasLabel},
    {Kind::kPagesNovalid, "at", Class::kNoise, kLabel, "label", HasLabel},
    {Kind::kPagesPoisoned, "at", Class::kNoise, kLabel, "label", HasLabel},
    {Kind::kZone, "at", Class::kNoise, kLabel, "label", HasLabel},
    {Kind::kZoneTotal, "at", Class::kNoise, kLabel, "label", HasLabel},
    {Kind::kPages, "block", Class::kInput, kLooked, "label", HasLabel},
    {Kind::kPagesNovalid, "block", Class::kInput, kLooked, "label", HasLabel},
    {Kind::kPagesPoisoned, "block", Class::kInput, kLooked, "label", HasLabel},
    {Kind::kState, "block", Class::kInput, kLooked, "one", ShowsOneBlock},
    {Kind::kPages, "buddy_pages", Class::kInput, kPageHolder, "busy", Busy},
    {Kind::kPages, "lru", Class::kInput, kPageHolder, "busy", Busy},
    {Kind::kZone, "free", Class::kNoise, "the kernel's own pages, within a tolerance"},
    {Kind::kHold, "pfn", Class::kNoise, "where the page lies"},
    {Kind::kHold, "tries", Class::kNoise, "where free pages lie"},
    {Kind::kPin, "pfn", Class::kNoise, "where the page lies"},
    {Kind::kPin, "refcount", Class::kNoise, "who else uses the page"},
    {Kind::kPin, "mapcount", Class::kNoise, "who else uses the page"},
    {Kind::kPin, "anon", Class::kNoise, "who else uses the page"},
    {Kind::kKpf, "mapped0", Class::kNoise, "what processes map"},
    {Kind::kKpf, "mapped1", Class::kNoise, "what processes map"},
    {Kind::kKpf, "mappedmore", Class::kNoise, "what processes map"},
    {Kind::kFnEnter, "", Class::kNoise, "which calls are shown"},
    {Kind::kFnRet, "", Class::kNoise, "which calls are shown", "", nullptr, "result"},
    {Kind::kFnCount, "", Class::kNoise, "polls and retries", "polls", RoughlyCounted},
    {Kind::kFnCount, "function", Class::kNoise, "which functions are counted"},
    {Kind::kKern, "text", Class::kNoise, "repeats with time, and its numbers", "repeats", Repeats},
};

// The row of a field of a line; nothing if it is output.
inline const Row* RowOf(const recording::Line& line, std::string_view field) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) {
    return r.kind == line.kind && (r.field == field || (r.field.empty() && r.but != field)) &&
           (r.applies == nullptr || r.applies(line));
  });
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace hotplug::changes

#endif  // REGRESS_SOAK_CLASSES_H_
