// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fuzz target of a world: what hotplug-fuzz compile-tree has made of a kernel tree.
//
//   fuzz_world --world=FILE.world[+FIX...] [--driver=FILE.c [--param=NAME=VALUE,...]] ...
//
// --driver= is what reports call the driver's own file that is linked to the world.
// An input is a scenario as for all targets, without what the world does not have, on the machine
// that the world is. The other flags are those of all targets (flags.h).
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/base/lines.h"
#include "fuzz/driver/elf.h"
#include "fuzz/mutate/feedback.h"
#include "fuzz/targets/arguments.h"
#include "fuzz/targets/target.h"
#include "model/mm/kernel.h"
#include "model/run/tree_world.h"
#include "model/scenario/echo.h"
#include "model/scenario/spec.h"
#include "model/tree/view.h"

namespace {

using hotplug::targets::Fail;

// The basic blocks of the kernel's own files, beside the simulated state. A tree has some 7000.
constexpr size_t kBlocks = 1 << 14;
// NOLINTNEXTLINE: the name and that it can be written are libFuzzer's
__attribute__((section("__libfuzzer_extra_counters"), used)) uint8_t counters[kBlocks];

// By place in the text, of each block its counter.
std::vector<uint16_t>& CounterOf() {
  static std::vector<uint16_t> counter_of;
  return counter_of;
}

void NumberBlocks(const std::vector<uintptr_t>& blocks) {
  const world_exports& world = hotplug::run::UsedImage().exports();
  CounterOf().resize(static_cast<size_t>(world.text_end - world.text));
  for (size_t i = 0; i < blocks.size(); ++i) {
    const uintptr_t place = blocks[i] - reinterpret_cast<uintptr_t>(world.text);
    CounterOf()[place] = static_cast<uint16_t>(i % kBlocks);
  }
}

// What a boot has reached is no input's doing: only a machine that differs from the one before
// boots.
void ForgetBlocks() {
  const world_exports& world = hotplug::run::UsedImage().exports();
  for (uint32_t i = 0; i < world.reached->nr; ++i) world.coverage[world.reached->block[i]] = 0;
  world.reached->nr = 0;
}

void TellBlocks() {
  const world_reached& reached = *hotplug::run::UsedImage().exports().reached;
  for (uint32_t i = 0; i < reached.nr; ++i) counters[CounterOf()[reached.block[i]]] = 1;
}

std::vector<std::string> Split(const std::string& words) {
  std::vector<std::string> parts;
  std::istringstream text(words);
  for (std::string part; std::getline(text, part, ',');) parts.push_back(part);
  return parts;
}

void UseWorld(const std::string& path, hotplug::run::LinkedDriver driver) {
  std::string error;
  std::unique_ptr<hotplug::tree::Image> image = hotplug::tree::Image::Map(path, &error);
  if (image == nullptr) Fail(error);
  const std::string name = driver.name;
  hotplug::run::UseImage(std::move(image), std::move(driver));
  if (!name.empty()) error = hotplug::run::UnusableDriver();
  if (!error.empty()) Fail(name + ": " + error);
  std::ifstream file(path, std::ios::binary);
  const std::string contents{std::istreambuf_iterator<char>(file), {}};
  hotplug::run::UseLines([contents](const std::vector<uint32_t>& pcs) {
    return hotplug::base::FramesOf(contents, pcs);
  });
  const std::vector<uintptr_t> blocks = hotplug::driver::Elf(contents).Blocks(0);
  NumberBlocks(blocks);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  namespace targets = hotplug::targets;
  targets::ReadFlags(*argc, *argv, {"world", "driver", "param"});
  if (targets::AsksForHelp(*argc, *argv)) return 0;
  const hotplug::scenario::Cured world = hotplug::scenario::TakeFixes(
      targets::FlagValue(*argc, *argv, "--world="), hotplug::mm::kCoreFixes);
  if (world.path.empty()) Fail("--world=FILE.world is missing");
  UseWorld(world.path, {hotplug::EchoName(targets::FlagValue(*argc, *argv, "--driver=")),
                        Split(targets::FlagValue(*argc, *argv, "--param="))});
  targets::SetOverride({.driver = &hotplug::run::TreeDriver(),
                        .kernel_fixes = world.fixes,
                        .world = &hotplug::run::kTreeWorld,
                        .max_steps = hotplug::kFuzzTreeSteps,
                        .see = &hotplug::mutate::See<hotplug::tree::View>,
                        .begin = &ForgetBlocks});
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hotplug::targets::RunBytes(0, data, size);
  TellBlocks();
  return 0;
}
