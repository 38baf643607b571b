// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tree world: the core files of a kernel tree as the simulated kernel (model/tree).
#ifndef MODEL_RUN_TREE_WORLD_H_
#define MODEL_RUN_TREE_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "model/run/world.h"
#include "model/tree/image.h"

namespace hotplug::run {

// The world of the image that is used.
extern const World kTreeWorld;

// In place of the scenario's driver there: RunOptions::driver.
extern const drivers::Driver kTreeDriver;

// What runs in kTreeWorld from now on: one image at a time in a process, in one thread. None, with
// null, makes room for another.
void UseImage(std::unique_ptr<tree::Image> image);
// The same for kBareTreeWorld, which nobody judges and which tells no ledger: for measuring what
// the two cost.
void UseBareImage(std::unique_ptr<tree::Image> image);
extern const World kBareTreeWorld;
const tree::Image& UsedImage();

// Scenarios are for a machine of any kind, a world is of one: the scenario as the world that is
// used can run it, and what was changed for that, a sentence each.
struct Adapted {
  scenario::Scenario scenario;
  std::vector<std::string> changes;
};
Adapted Adapt(const scenario::Scenario& s);

// Why the world that is used cannot run it, a sentence; null if it can.
const char* NotInTree(const scenario::Scenario& s);

}  // namespace hotplug::run

#endif  // MODEL_RUN_TREE_WORLD_H_
