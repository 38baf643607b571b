// SPDX-License-Identifier: GPL-2.0-or-later
//
// Judgement of a run in which nothing can go on.
#ifndef MODEL_RUN_LIVENESS_H_
#define MODEL_RUN_LIVENESS_H_

#include "model/run/run.h"

namespace hotplug::run {

// Fills out->waits. True if everybody waits for something that somebody may legally hold (a
// pinned page, user space waiting for itself); otherwise adds the verdict I13.
bool JudgeStuck(const World& world, Outcome* out);

}  // namespace hotplug::run

#endif  // MODEL_RUN_LIVENESS_H_
