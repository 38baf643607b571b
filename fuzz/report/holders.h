// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which task holds what at one step of a run, as its trace tells.
#ifndef FUZZ_REPORT_HOLDERS_H_
#define FUZZ_REPORT_HOLDERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/report/print_trace.h"

namespace hotplug::report {

struct Holder {
  struct Held {
    uint32_t lock_class;
    bool shared;
  };
  std::vector<Held> locks;      // in the order in which they were taken
  std::vector<uint32_t> pages;  // pfns of the transient references, the oldest first
  int32_t waits_for = -1;       // class of the lock that it waits for
};

// One for each task of the scenario, after step `last`.
std::vector<Holder> HoldersAt(const Records& records, uint32_t last);

// A line for each task that holds or waits for something.
std::string FormatHolders(const std::vector<Holder>& holders, const scenario::Scenario& s,
                          const drivers::Driver& driver);

}  // namespace hotplug::report

#endif  // FUZZ_REPORT_HOLDERS_H_
