// SPDX-License-Identifier: GPL-2.0-or-later
//
// A line of an operation, read as the templates of ops.h say.
#ifndef MODEL_SCENARIO_TEXT_READ_OP_H_
#define MODEL_SCENARIO_TEXT_READ_OP_H_

#include <string>

#include "absl/strings/string_view.h"
#include "model/scenario/scenario.h"
#include "model/scenario/text/line.h"
#include "model/scenario/text/references.h"

namespace hotplug::scenario {

// Whether an operation begins with this word.
bool IsVerb(absl::string_view word);
// All such words: "write, read, ... or poison".
std::string Verbs();

// Reads what follows the verb. The machine, the notifiers and the names of the tasks must be known.
bool ReadOp(const Scenario& s, const References& refer, Line& line, Op* op);

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_TEXT_READ_OP_H_
