// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/uevents.h"

#include "absl/strings/str_cat.h"

namespace hotplug::replay {

using recording::Kind;
using recording::Line;

namespace {

std::string KeyOf(const Line& line) {
  return std::string(line.Text("uevent")) + " " + std::string(line.Text("block"));
}

}  // namespace

bool Uevents::Recorded(const Line& line) {
  recorded_.push_back(&line);
  return --ahead_[KeyOf(line)] >= 0;
}

void Uevents::Said(const Line& line, size_t at) {
  said_.push_back({KeyOf(line), at});
  ++ahead_[said_.back().key];
  if (line.Text("uevent") == "add" || line.Text("uevent") == "remove") ++blocks_moved_;
}

bool Uevents::IsWrong(const std::string& key, bool complete) const {
  const auto ahead = ahead_.find(key);
  const int n = ahead == ahead_.end() ? 0 : ahead->second;
  return complete ? n != 0 : n < 0;
}

// Their order tells best which one is wrong if the sets differ: the first that is not the one of
// the model, of those that are too many or too few.
std::optional<Uevents::Wrong> Uevents::FirstWrong(const recording::File& file) const {
  const bool complete = file.lines.back().kind == Kind::kEnd;
  for (size_t i = 0; i < recorded_.size() || i < said_.size(); ++i) {
    const Line* line = i < recorded_.size() ? recorded_[i] : nullptr;
    const Sent* said = i < said_.size() ? &said_[i] : nullptr;
    if (line != nullptr && said != nullptr && KeyOf(*line) == said->key) continue;
    const bool wrong = (line != nullptr && IsWrong(KeyOf(*line), complete)) ||
                       (said != nullptr && IsWrong(said->key, complete));
    if (!wrong) continue;
    return Wrong{line != nullptr ? line : &file.lines[said->at],
                 said == nullptr ? "nothing: the model sends no such event"
                                 : absl::StrCat("UEVENT ", said->key)};
  }
  return std::nullopt;
}

}  // namespace hotplug::replay
