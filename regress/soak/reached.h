// SPDX-License-Identifier: GPL-2.0-or-later
//
// For the tools that run many scenarios with a driver's own file: which of them to keep.
#ifndef REGRESS_SOAK_REACHED_H_
#define REGRESS_SOAK_REACHED_H_

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "model/run/run.h"
#include "model/scenario/print.h"
#include "model/shim/shim.h"

namespace hotplug {

inline void Keep(const scenario::Scenario& s, const std::string& path) {
  std::ofstream(path) << scenario::Print(s, run::Names());
}

// Keeps a scenario with which a basic block has run that none before it has reached, in FOLDER as
// block.N.scn; without a folder, none.
class Reached {
 public:
  Reached(const shim::Module& module, std::string folder)
      : module_(module), folder_(std::move(folder)), known_(module.covered()) {}

  void Look(const scenario::Scenario& s) {
    const std::vector<uint8_t>& now = module_.covered();
    if (now == known_) return;
    const size_t block = std::mismatch(now.begin(), now.end(), known_.begin()).first - now.begin();
    known_ = now;
    if (!folder_.empty()) Keep(s, folder_ + "/block." + std::to_string(block) + ".scn");
  }

 private:
  const shim::Module& module_;
  std::string folder_;
  std::vector<uint8_t> known_;
};

}  // namespace hotplug

#endif  // REGRESS_SOAK_REACHED_H_
