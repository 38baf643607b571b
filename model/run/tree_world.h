// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tree world: the core files of a kernel tree as the simulated kernel (model/tree).
#ifndef MODEL_RUN_TREE_WORLD_H_
#define MODEL_RUN_TREE_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "model/run/run.h"
#include "model/tree/image.h"
#include "model/tree/places.h"

namespace hotplug::run {

// The world of the image that is used.
extern const World kTreeWorld;

// A driver's own file that is linked to an image.
struct LinkedDriver {
  std::string name;                 // empty: there is none
  std::vector<std::string> params;  // its module parameters, NAME=VALUE or NAME
};

// What runs in kTreeWorld from now on: one image at a time in a process, in one thread. None, with
// null, makes room for another.
void UseImage(std::unique_ptr<tree::Image> image, LinkedDriver driver = {});
// The same for kBareTreeWorld, which nobody judges and which tells no ledger: for measuring what
// the two cost.
void UseBareImage(std::unique_ptr<tree::Image> image);
extern const World kBareTreeWorld;
const tree::Image& UsedImage();
// What is asked for the lines of its code; without, reports name functions.
void UseLines(tree::LookUp lines);

// In place of the scenario's driver there: RunOptions::driver.
const drivers::Driver& TreeDriver();
// A run in the world that is used.
RunOptions InTree();
// What keeps the driver's own file from being run, a sentence; empty if nothing does.
std::string UnusableDriver();

// Scenarios are for a machine of any kind, a world is of one: the scenario as the world that is
// used can run it, and what was changed for that, a sentence each.
struct Adapted {
  scenario::Scenario scenario;
  std::vector<std::string> changes;
};
Adapted Adapt(const scenario::Scenario& s);

// Why the world that is used cannot run it, a sentence; null if it can, once it is adapted. And
// without what that is about.
const char* NotInTree(const scenario::Scenario& s);
void LeaveOut(scenario::Scenario* s);

}  // namespace hotplug::run

#endif  // MODEL_RUN_TREE_WORLD_H_
