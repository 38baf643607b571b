// SPDX-License-Identifier: GPL-2.0-or-later
//
// INFO and NOTE lines: what a script says of the machine in its own words.
#ifndef FUZZ_FIDELITY_REPLAY_REMARKS_H_
#define FUZZ_FIDELITY_REPLAY_REMARKS_H_

#include "fuzz/fidelity/replay/session.h"

namespace hotplug::replay {

// Compares the values of the KEY=VALUE words that the model knows. INFO says what the machine is,
// and below the LAYOUT the model must know each of its keys; NOTE is for people.
void CheckRemark(Session& session, const recording::Line& line);

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_REMARKS_H_
