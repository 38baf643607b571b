// SPDX-License-Identifier: GPL-2.0-or-later
//
// Words of a line that name a thing of the scenario: a block, a task, a notifier. They become its
// index in the list of such things.
#ifndef MODEL_SCENARIO_TEXT_REFERENCES_H_
#define MODEL_SCENARIO_TEXT_REFERENCES_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/scenario/scenario.h"
#include "model/scenario/text/line.h"

namespace hotplug::scenario {

class References {
 public:
  // `s` is the scenario as far as it has been read; `tasks` are the names of all its tasks, at
  // most kMaxTasks, for operations and preemptions point forwards.
  References(const Scenario& s, const std::vector<absl::string_view>& tasks, Line& line)
      : s_(s), tasks_(tasks), line_(line) {}

  // `name` is the part of the word that names the block.
  bool Block(const Word& word, absl::string_view name, uint8_t* index) const;
  // The physical address at which a block begins.
  bool Address(const Word& word, uint8_t* index) const;
  bool Task(const Word& word, uint8_t* index) const;
  // A task, or the kworker, which no scenario declares.
  bool Thread(const Word& word, uint8_t* index) const;
  bool Notifier(const Word& word, uint8_t* index) const;

 private:
  const Scenario& s_;
  const std::vector<absl::string_view>& tasks_;
  Line& line_;
};

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_TEXT_REFERENCES_H_
