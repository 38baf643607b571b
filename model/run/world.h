// SPDX-License-Identifier: GPL-2.0-or-later
//
// A world as run has it: a table of what it does before, during and after a run. Nothing here is
// called for a page or within a step but the checks of the step themselves.
#ifndef MODEL_RUN_WORLD_H_
#define MODEL_RUN_WORLD_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/drivers/driver.h"
#include "model/invariants/invariants.h"
#include "model/scenario/scenario.h"
#include "model/world/view.h"

namespace hotplug::run {

// One memory block at the end of a run. Of an absent one only the number means something.
struct BlockEnd {
  uint32_t number = 0;                    // block number
  uint32_t state = 0;                     // MEM_ONLINE, MEM_GOING_OFFLINE, MEM_OFFLINE; 0 if absent
  uint32_t free = 0;                      // pages in the buddy
  uint32_t page_offline = 0;              // pages marked PageOffline
  uint32_t lru = 0;                       // pages on the LRU
  uint32_t reserved = 0;                  // pages marked PageReserved
  std::array<uint32_t, 5> counts = {};    // pages with count -1 or less, 0, 1, 2, more
  std::vector<world::migratetype> types;  // of its pageblocks
  bool dev_offline = false;               // struct device::offline
  uint8_t nid = 0;
  uint8_t zone = 0;  // node * MAX_NR_ZONES + enum zone_type, while online
  bool operator==(const BlockEnd&) const = default;
};

// All that can be seen of a world at one moment.
struct WorldState {
  std::vector<BlockEnd> blocks;
  std::array<world::ZoneCounters, world::kNrZones> zones;
  std::array<world::NodeState, kMaxNodes> nodes;
  bool operator==(const WorldState&) const = default;
};

struct World {
  const char* name;
  // Invariants that it has nothing to judge by: what they need is in docs/invariants.md.
  invariants::Ids not_judged = 0;
  // Makes the scenario one that it can run: of what it cannot change and does not have. Null: it
  // can run any.
  void (*fit)(scenario::Scenario* s) = nullptr;
  // More than not_judged, of the kernel that it has; null: none.
  invariants::Ids (*not_told)() = nullptr;
  // Carves the machine's regions and boots it, with the driver and its fixes.
  void (*boot)(const scenario::Machine& machine, const drivers::Driver& driver, uint32_t fixes);
  // Makes what lies outside of the machine's arena as it was at the end of the boot; null: nothing
  // does.
  void (*reset)() = nullptr;
  void (*start)();  // actors::Actors
  // invariants::Checks
  void (*check_step)();
  void (*check_end)();
  bool (*page_is_legal)(world::Pfn pfn);
  // What reports tell.
  WorldState (*look)();
  world::AllocationState (*allocation)(world::Owner owner);
  // Where a task was when it made a step, innermost first, if the trace is kept. Null: the world
  // has no code that could be told by its lines.
  std::vector<world::Frame> (*call_chain)(uint32_t task, uint32_t step) = nullptr;
  // The kernel that it is, in place of the scenario's; null: it is the scenario's.
  std::string (*kernel)() = nullptr;
  // What the run has come to that nobody has written for the world; empty: nothing. Null: there is
  // no such thing.
  std::string (*not_simulated)() = nullptr;
};

// The world of model/mm and model/drivers.
extern const World kModelWorld;

}  // namespace hotplug::run

#endif  // MODEL_RUN_WORLD_H_
