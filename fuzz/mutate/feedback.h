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

#include "model/drivers/view.h"
#include "model/run/run.h"
#include "model/world/geometry.h"
#include "model/world/view.h"

namespace hotplug::mutate {

// A power of two; libFuzzer looks at all of them after every run.
inline constexpr uint32_t kCounters = 2048;

// Of a page: what feedback tells apart, and how it is looked up in a world.
struct SeenPage {
  int32_t count;
  uint8_t type;  // as world::View says it
};
template <world::View V>
SeenPage See(world::Pfn pfn) {
  const typename V::Page& page = V::page_at(world::PageIndex(pfn));
  return {V::page_count(page), V::page_type(page)};
}

class StateFeedback : public run::Observer {
 public:
  explicit StateFeedback(SeenPage (*see)(world::Pfn) = &See<drivers::View>) : see_(see) {}
  void Begin() override;
  void Step() override;

 private:
  void NotePage(world::Pfn pfn) const;

  SeenPage (*see_)(world::Pfn);
  sim::Record previous_;
};

// The counters: of each, not 0 if the last runs have reached what it stands for. libFuzzer
// empties them before a run.
uint8_t* StateCounters();

}  // namespace hotplug::mutate

#endif  // FUZZ_MUTATE_FEEDBACK_H_
