// SPDX-License-Identifier: GPL-2.0-or-later
//
// Recorded lines against lines of the model, field by field, with the noise that the
// recordings have (docs/fidelity.md has the same table with the reasons).
#ifndef FUZZ_FIDELITY_REPLAY_COMPARE_H_
#define FUZZ_FIDELITY_REPLAY_COMPARE_H_

#include "fuzz/fidelity/recording/recording.h"

namespace hotplug::replay {

// Pages by which NR_FREE_PAGES of a zone may differ: what the kernel's own daemons and per-CPU
// caches take and give back between two lines. Of 1,176 lines before any memory was added or
// removed 1,153 are within 128 pages; nine, eight of them of one boot, are off by 688 to 783.
inline constexpr int64_t kFreeTolerance = 1024;

// True if the model's line is what was recorded, but for fields that are noise.
bool Same(const recording::Line& recorded, const recording::Line& model);

// The same for two PAGES lines. `busy`: the kernel has had pages of its own in the block, so that
// its pageblocks may have any type.
bool SamePages(const recording::Line& recorded, const recording::Line& model, bool busy);

// A kernel message: `#` in the model's text stands for any number.
bool SameMessage(std::string_view recorded, std::string_view model);

// Functions that the model calls as often as the kernel does; others poll, retry or depend on
// what the background does.
bool CountsAlike(std::string_view function);

// Messages whose presence and number depend on the rate limit of the kernel's log and on
// where exactly pages of the background lie.
bool MayRepeat(std::string_view message);

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_COMPARE_H_
