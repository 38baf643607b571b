// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/token.h"

#include "fuzz/report/print_trace.h"
#include "model/shim/shim.h"

namespace hotplug::report {

const char* PhaseName(mm::Phase phase) {
  constexpr const char* kNames[] = {"absent", "offline",   "onlining",
                                    "online", "offlining", "committed"};
  return kNames[static_cast<uint32_t>(phase)];
}

namespace {

// FILE:FUNCTION of a driver in C: whom the kernel's own report blames, else who made the call.
std::string Culprit(const invariants::Violation& v, const drivers::Driver& driver) {
  if (driver.text == nullptr) return "";
  const bool of_kernel = v.id == invariants::Id::kK1 || v.id == invariants::Id::kK2;
  std::string blamed = of_kernel ? TextOf(shim::kCulprit, driver) : "";
  if (!blamed.empty() || v.call == 0) return blamed;
  return TextOf(shim::kFunctionOf + v.call - 1, driver);
}

}  // namespace

std::string FunctionName(const invariants::Violation& v, const drivers::Driver& driver) {
  if (v.callback > mm::kDriverName) return driver.callback;
  if (v.callback != 0) return "notifier-" + NotifierOf(v.callback - 1u, driver);
  if (const std::string culprit = Culprit(v, driver); !culprit.empty()) return culprit;
  const sim::TracePoint* tp = run::FindTracePoint(v.function);
  return tp == nullptr ? "boot" : tp->function;
}

std::string DedupToken(const invariants::Violation& v, const drivers::Driver& driver) {
  const bool block = v.block != invariants::kNoBlock;
  return std::string(invariants::Name(v.id)) + "/" + FunctionName(v, driver) + "@" +
         (block ? PhaseName(v.phase) : "none") + "/" + (v.unasked != 0 ? "lone-" : "") +
         EventName(v.last_event);
}

}  // namespace hotplug::report
