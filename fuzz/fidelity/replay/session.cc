// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/session.h"

#include <algorithm>

#include "fuzz/fidelity/replay/compare.h"

namespace hotplug::replay {

using recording::Line;

void Session::Differ(const Line& recorded, std::string got) {
  // What is found late goes to its place.
  std::vector<Difference>& all = report.differences;
  const auto place = std::find_if(all.rbegin(), all.rend(), [&](const Difference& d) {
                       return d.line <= recorded.number;
                     }).base();
  all.insert(place,
             {recorded.number, recording::Print(recorded), std::move(got), processes.Tail()});
}

void Session::Expect(const Line& recorded, const Line& model) {
  if (!Same(recorded, model)) Differ(recorded, recording::Print(model));
}

}  // namespace hotplug::replay
