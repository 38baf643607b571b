// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lines about files beside those of the blocks, and about the module that injects errors.
#ifndef FUZZ_FIDELITY_REPLAY_FILES_H_
#define FUZZ_FIDELITY_REPLAY_FILES_H_

#include "fuzz/fidelity/replay/session.h"

namespace hotplug::replay {

// False, and nothing is done, if the line is none of these.
bool HandleFile(Session& session, const recording::Line& line);

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_FILES_H_
