// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/session.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "fuzz/fidelity/replay/compare.h"

namespace hotplug::replay {

using recording::Line;

void Session::Differ(const Line& recorded, std::string got) {
  // What is found late goes to its place.
  std::vector<Difference>& all = report.differences;
  const auto place = std::find_if(all.rbegin(), all.rend(), [&](const Difference& d) {
                       return d.line <= recorded.number;
                     }).base();
  std::vector<std::string> trace;
  if (all.empty()) trace = processes.Tail();
  all.insert(place,
             {recorded.number, recording::Print(recorded), std::move(got), std::move(trace)});
}

void Session::Expect(const Line& recorded, const Line& model) {
  if (!Same(recorded, model)) Differ(recorded, recording::Print(model));
}

void Session::NoRoom(const Line& line) {
  Differ(line, absl::StrCat("nothing: there is no room for another process, ", kMaxThreads,
                            " have not ended"));
}

Process* Session::Start(const Line& line, int64_t number, const instrument::Work& work,
                        const Line* request) {
  Process* const p = processes.Start(number, work, request);
  if (p == nullptr) NoRoom(line);
  return p;
}

}  // namespace hotplug::replay
