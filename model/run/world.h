// SPDX-License-Identifier: GPL-2.0-or-later
//
// A world as run has it: a table of what it does before, during and after a run. Nothing here is
// called for a page or within a step but the checks of the step themselves.
#ifndef MODEL_RUN_WORLD_H_
#define MODEL_RUN_WORLD_H_

#include <cstdint>
#include <vector>

#include "model/drivers/driver.h"
#include "model/invariants/invariants.h"
#include "model/scenario/scenario.h"
#include "model/world/view.h"

namespace hotplug::run {

// One memory block at the end of a run.
struct BlockEnd {
  uint32_t number;                 // block number
  uint32_t state;                  // MEM_ONLINE, MEM_GOING_OFFLINE, MEM_OFFLINE; 0 if absent
  uint32_t free;                   // pages in the buddy
  uint32_t page_offline;           // pages marked PageOffline
  std::array<uint32_t, 5> counts;  // pages with count -1 or less, 0, 1, 2, more
};

struct World {
  const char* name;
  // Invariants that it has nothing to judge by: what they need is in docs/invariants.md.
  invariants::Disabled not_judged = 0;
  // Carves the machine's regions and boots it, with the driver and its fixes.
  void (*boot)(const scenario::Machine& machine, const drivers::Driver& driver, uint32_t fixes);
  void (*start)();  // actors::Actors
  // invariants::Checks
  void (*check_step)();
  void (*check_end)();
  bool (*page_is_legal)(world::Pfn pfn);
  // What reports tell.
  std::vector<BlockEnd> (*blocks)();
  world::AllocationState (*allocation)(world::Owner owner);
};

// The world of model/mm and model/drivers.
extern const World kModelWorld;

}  // namespace hotplug::run

#endif  // MODEL_RUN_WORLD_H_
