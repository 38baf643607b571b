// SPDX-License-Identifier: GPL-2.0-or-later
//
// The simulated machine as lines of a recording: what it shows when somebody looks, and what
// its processes and its kernel say while they run.
#ifndef FUZZ_FIDELITY_REPLAY_SHOW_H_
#define FUZZ_FIDELITY_REPLAY_SHOW_H_

#include <string>
#include <vector>

#include "fuzz/fidelity/instrument/instrument.h"
#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/machine.h"
#include "model/sim/trace.h"

namespace hotplug::replay {

// ---- Looking ----------------------------------------------------------------------------

recording::Line ShowState(const std::vector<mm::BlockId>& blocks);
recording::Line ShowChain(uint32_t pos, const instrument::ChainEntry& entry);
recording::Line ShowZone(const Machine::Zone& zone, const std::string& at);
recording::Line ShowTotal(const std::string& at);
// One line, or two with poisoned struct pages, or `novalid`.
std::vector<recording::Line> ShowPages(mm::BlockId block, const std::string& at);
recording::Line ShowKpf(mm::BlockId block);

// Pages of a block by what they are.
struct PageCounts {
  uint32_t ref0, ref1, ref2, refmore, refneg;
  uint32_t offline, offline_ref0, offline_ref1, offline_ref2;
  uint32_t buddy, reserved, lru, poisoned;
  uint32_t unmov, mov, isolate;  // pageblocks
  // Allocated otherwise: to slab, page tables, the instrument.
  uint32_t other() const;
};
PageCounts Count(mm::BlockId block);

// ---- Running ----------------------------------------------------------------------------

// Who a record belongs to: the number of the process, and what it does.
struct Speaker {
  int64_t proc;
  // The REQ or CALL line that it does; null for a kernel worker.
  const recording::Line* work;
};

// What a record looks like in a recording: no line, one, or several (kernel messages). In
// kernel messages `#` stands for a number that is noise.
std::vector<recording::Line> LinesOf(const sim::Record& record, const Speaker& speaker,
                                     const Machine& machine);

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_SHOW_H_
