// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/token.h"

#include "fuzz/report/trace.h"

namespace hotplug::report {

const char* PhaseName(mm::Phase phase) {
  constexpr const char* kNames[] = {"absent", "offline",   "onlining",
                                    "online", "offlining", "committed"};
  return kNames[static_cast<uint32_t>(phase)];
}

std::string FunctionName(const invariants::Violation& v, const drivers::Driver& driver) {
  if (v.callback > mm::kDriverName) return driver.callback;
  if (v.callback != 0) return "notifier-" + NotifierOf(v.callback - 1u, driver);
  const sim::TracePoint* tp = FindTracePoint(v.function);
  return tp == nullptr ? "boot" : tp->function;
}

std::string DedupToken(const invariants::Violation& v, const drivers::Driver& driver) {
  const bool block = v.block != invariants::kNoBlock;
  return std::string(invariants::Name(v.id)) + "/" + FunctionName(v, driver) + "@" +
         (block ? PhaseName(v.phase) : "none") + "/" + (v.unasked != 0 ? "lone-" : "") +
         EventName(v.last_event);
}

}  // namespace hotplug::report
