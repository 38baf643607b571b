// SPDX-License-Identifier: GPL-2.0-or-later
//
// For the tools that run generated scenarios in our model and in a world of compile-tree.
#ifndef REGRESS_TOOLS_GENERATED_H_
#define REGRESS_TOOLS_GENERATED_H_

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "model/mm/kernel.h"
#include "model/run/run.h"
#include "model/run/tree_world.h"
#include "model/scenario/generate.h"
#include "model/scenario/spec.h"

namespace hotplug {

// Scenarios of machines that the world which is used can be, and of nothing that it does not have.
inline scenario::GenerateOptions OptionsOfWorld() {
  const world_exports& kernel = run::UsedImage().exports();
  scenario::GenerateOptions options;
  options.shape = scenario::Shape{static_cast<uint8_t>(kernel.order_of_block),
                                  static_cast<uint8_t>(kernel.order_of_pageblock),
                                  static_cast<uint8_t>(kernel.largest_order), kernel.debug_vm != 0};
  options.kernel = mm::kNrKernels - 1;
  options.nr_kernels = mm::kNrKernels;
  options.without_driver = true;
  return options;
}

// The scenario of a seed, with fixes of the core and without what the world does not have:
// kmemleak, poison, and faults of other functions.
inline scenario::Scenario ComparableScenario(uint64_t seed,
                                             const scenario::GenerateOptions& options,
                                             uint32_t fixes) {
  scenario::Scenario s = scenario::Generate(seed, options);
  s.machine.fixes |= fixes;
  s.machine.kmemleak = false;
  for (uint32_t i = s.faults.size; i-- > 0;) {
    if (s.faults[i].site != scenario::FaultSite::kAddMemory) s.faults.erase(i);
  }
  for (uint32_t i = s.ops.size; i-- > 0;) {
    if (s.ops[i].kind == scenario::OpKind::kPoison) s.ops.erase(i);
  }
  return s;
}

// A run in our model, with as many steps as in a world.
inline run::RunOptions InModel() {
  run::RunOptions options;
  options.max_steps = kMaxTreeSteps;
  return options;
}

// Uses the world of a file. Says why not, if that is so.
inline bool UseWorldOf(const std::string& path) {
  std::string error;
  std::unique_ptr<tree::Image> image = tree::Image::Map(path, &error);
  if (image == nullptr) {
    std::fprintf(stderr, "%s\n", error.c_str());
    return false;
  }
  run::UseImage(std::move(image));
  return true;
}

// 0 for what is no number.
inline uint64_t ReadNumber(std::string_view word) {
  uint64_t number = 0;
  const auto end = std::from_chars(word.data(), word.data() + word.size(), number);
  return end.ec == std::errc() && end.ptr == word.data() + word.size() ? number : 0;
}

}  // namespace hotplug

#endif  // REGRESS_TOOLS_GENERATED_H_
