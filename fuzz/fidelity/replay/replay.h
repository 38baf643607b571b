// SPDX-License-Identifier: GPL-2.0-or-later
//
// A recording of a real kernel, done again by the model: the machine of its LAYOUT, its
// requests and commands, and each line compared with what the model shows at that place.
//
// The recording is the schedule. A process runs when the next line is its own, up to the next
// line that it says itself; nothing is searched. What the kernel did in the background (where
// its slab pages and page cache lie) is input: the PAGES lines say it.
#ifndef FUZZ_FIDELITY_REPLAY_REPLAY_H_
#define FUZZ_FIDELITY_REPLAY_REPLAY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "fuzz/fidelity/recording/recording.h"

namespace hotplug::replay {

// A line that the model does not show as it was recorded.
struct Difference {
  uint32_t line = 0;
  std::string expected;            // as recorded
  std::string got;                 // the model's line, or why it has none
  std::vector<std::string> trace;  // the model's last lines up to there; of the first difference
};

struct Report {
  uint32_t lines = 0;                   // below the LAYOUT
  uint32_t events = 0;                  // EV lines compared
  std::vector<Difference> differences;  // in the order of their lines
};

// Replays a recording up to the first difference, or, with `keep_going`, to its end.
// InvalidArgument if the model has no such machine.
absl::StatusOr<Report> Replay(const recording::File& file, std::string_view path, bool keep_going);

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_REPLAY_H_
