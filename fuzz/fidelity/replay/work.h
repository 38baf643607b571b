// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef FUZZ_FIDELITY_REPLAY_WORK_H_
#define FUZZ_FIDELITY_REPLAY_WORK_H_

#include "fuzz/fidelity/instrument/instrument.h"
#include "fuzz/fidelity/recording/recording.h"

namespace hotplug::replay {

// The block that a line names.
mm::BlockId BlockOf(const recording::Line& line);

// What a REQ, CALL or CTL line asks for.
instrument::Work WorkOf(const recording::Line& line);

// True if a CALL and a CTL line are of the same command with the same operands.
bool SameCommand(const recording::Line& call, const recording::Line& ctl);

// The text of a Python string literal.
std::string Unquote(std::string_view literal);

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_WORK_H_
