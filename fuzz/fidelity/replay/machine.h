// SPDX-License-Identifier: GPL-2.0-or-later
//
// The machine of a recording: what its MACHINE line and its LAYOUT say, as a simulated one at
// the end of its boot.
#ifndef FUZZ_FIDELITY_REPLAY_MACHINE_H_
#define FUZZ_FIDELITY_REPLAY_MACHINE_H_

#include <vector>

#include "absl/status/status.h"
#include "fuzz/fidelity/recording/recording.h"
#include "model/mm/state.h"

namespace hotplug::replay {

// What does not change while a recording is replayed.
struct Machine {
  std::vector<mm::BlockId> blocks;  // those of the LAYOUT's STATE line, in its order
  mm::BlockId first_dimm_block;
  uint32_t nr_dimm_blocks = 0;
  mm::NodeId dimm_node;
  bool config_bug = true;
  // The zones that the kernel has and shows, in the order of the LAYOUT.
  struct Zone {
    uint32_t node;
    std::string name;
  };
  std::vector<Zone> zones;
};

// Sets up this thread's machine as the recording says, ready for the line below LAYOUT_END.
// InvalidArgument with FILE:LINE if the model has no such machine.
absl::Status SetUp(const recording::File& file, std::string_view path, Machine* machine);

// ZONE_DMA ... of a name; MAX_NR_ZONES for Device, which never has pages here.
mm::zone_type KindOfName(std::string_view name);
const char* NameOfKind(mm::zone_type kind);

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_MACHINE_H_
