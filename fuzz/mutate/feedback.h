// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a run has reached of the simulated state, told to libFuzzer beside the edges of the code
// (its section of extra counters): in which states of page and block each event happened, what
// failed with which errno, and who came between whom. Engines that do not know the section
// pass over it.
//
//   StateFeedback feedback;
//   options.observer = &feedback;
#ifndef FUZZ_MUTATE_FEEDBACK_H_
#define FUZZ_MUTATE_FEEDBACK_H_

#include <cstdint>

#include "model/run/run.h"

namespace hotplug::mutate {

// A power of two; libFuzzer looks at all of them after every run.
inline constexpr uint32_t kCounters = 2048;

class StateFeedback : public run::Observer {
 public:
  void Begin() override;
  void Step() override;

 private:
  sim::Record previous_;
};

// The counters: of each, not 0 if the last runs have reached what it stands for. libFuzzer
// empties them before a run.
uint8_t* StateCounters();

}  // namespace hotplug::mutate

#endif  // FUZZ_MUTATE_FEEDBACK_H_
