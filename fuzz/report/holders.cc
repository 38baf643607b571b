// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/holders.h"

#include <algorithm>

#include "model/actors/actors.h"
#include "model/mm/tracepoints.h"
#include "model/scenario/ops.h"
#include "model/scenario/print.h"
#include "model/sim/tracepoints.h"

namespace hotplug::report {

namespace {

void Take(Holder& h, uint32_t lock_class, bool shared) {
  h.locks.push_back({lock_class, shared});
  h.waits_for = -1;
}

void Release(Holder& h, uint32_t lock_class) {
  for (size_t i = h.locks.size(); i-- > 0;) {
    if (h.locks[i].lock_class != lock_class) continue;
    h.locks.erase(h.locks.begin() + static_cast<int64_t>(i));
    return;
  }
}

void Put(Holder& h, uint32_t pfn) {
  const auto page = std::find(h.pages.begin(), h.pages.end(), pfn);
  if (page != h.pages.end()) h.pages.erase(page);
}

void Apply(const sim::Record& r, Holder& h) {
  switch (r.tp) {
    case sim::kTpLock:
      return Take(h, r.a, false);
    case sim::kTpReadLock:
      return Take(h, r.a, true);
    case sim::kTpTrylock:
      if (r.b != 0) Take(h, r.a, false);
      return;
    case sim::kTpUnlock:
    case sim::kTpReadUnlock:
      return Release(h, r.a);
    case sim::kTpContended:
      h.waits_for = static_cast<int32_t>(r.a);
      return;
    case scenario::EndOf(scenario::OpKind::kGet):
      if (r.b == 0) h.pages.push_back(r.a);
      return;
    case mm::kTpIsolateLru:
    case mm::kTpIsolateFailed:
      return h.pages.push_back(r.a);
    case scenario::EndOf(scenario::OpKind::kPut):
    case mm::kTpPutPage:
      return Put(h, r.a);
    case sim::kTpExit:
      return h.pages.clear();
    default:
      return;
  }
}

std::string Line(const Holder& h, const drivers::Driver& driver) {
  std::string line;
  const auto add = [&line](const std::string& what) { line += (line.empty() ? "" : ", ") + what; };
  for (const Holder::Held& l : h.locks) {
    add(LockName(l.lock_class, driver) + (l.shared ? " (read)" : ""));
  }
  for (const uint32_t pfn : h.pages) add(Format("a reference on pfn 0x%x", pfn));
  if (h.waits_for >= 0) add("waits for " + LockName(static_cast<uint32_t>(h.waits_for), driver));
  return line;
}

}  // namespace

std::vector<Holder> HoldersAt(const Records& records, uint32_t last) {
  std::vector<Holder> holders(kMaxThreads);
  for (const sim::Record& r : records) {
    if (r.step > last) break;
    if (r.task < holders.size()) Apply(r, holders[r.task]);
  }
  return holders;
}

std::string FormatHolders(const std::vector<Holder>& holders, const scenario::Scenario& s,
                          const drivers::Driver& driver) {
  std::string out;
  for (uint32_t i = 0; i < holders.size(); ++i) {
    const std::string line = Line(holders[i], driver);
    if (!line.empty()) out += Format("  %-12s ", TaskOrNone(s, i).c_str()) + line + "\n";
  }
  return out;
}

}  // namespace hotplug::report
