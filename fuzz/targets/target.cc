// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/targets/target.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/mutate/feedback.h"
#include "fuzz/mutate/mutate.h"
#include "fuzz/report/report.h"
#include "fuzz/report/token.h"
#include "fuzz/targets/arguments.h"
#include "fuzz/targets/finding.h"
#include "fuzz/targets/flags.h"
#include "model/mm/kernel.h"
#include "model/run/run.h"
#include "model/scenario/bytes.h"
#include "model/scenario/echo.h"

// libFuzzer's own mutator. Other engines have none, and do not call ours.
extern "C" __attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t* data, size_t size,
                                                         size_t max_size);

namespace hotplug::targets {

namespace {

struct Target {
  Override instead;
  Settings settings;
};

Target& TheTarget() {
  static Target target;
  return target;
}

// ---- Flags ----

// Sets the flag that an argument is, if it is one of ours.
void ReadFlag(std::string_view arg) {
  Settings& settings = TheTarget().settings;
  for (const Flag& flag : kFlags) {
    const std::string name = std::string("--") + flag.name + "=";
    if (!arg.starts_with(name)) continue;
    const std::string value(arg.substr(name.size()));
    if (flag.read != nullptr) {
      const std::string error = flag.read(value, &settings);
      if (!error.empty()) Fail(error);
    } else if (value == flag.value || value == flag.other) {
      settings.*flag.is_other = value == flag.other;
    } else {
      Fail(Echo(arg) + ": expected " + flag.value + " or " + flag.other);
    }
  }
}

// At the end of a run that has found nothing new: what a pattern was for is cured, or has not been
// met. A few runs say nothing about that.
void ReportUnused() {
  constexpr uint64_t kEnough = 10000;
  const Settings& settings = TheTarget().settings;
  if (settings.notes.executions() < kEnough) return;
  std::fputs(settings.known.UnusedReport().c_str(), stderr);
}

// At the end of a run, whatever its end is.
void ReportCounted() { std::fputs(TheTarget().settings.counted.UsedReport().c_str(), stderr); }

// ---- Runs ----

// From the simulated state, unless it is not wanted.
class Feedback : public mutate::StateFeedback {
 public:
  explicit Feedback(const Target& target) : StateFeedback(target.instead.see), target_(target) {}

  void Begin() override {
    if (target_.instead.begin != nullptr) target_.instead.begin();
    StateFeedback::Begin();
  }
  void Step() override {
    if (!target_.settings.edges_only) StateFeedback::Step();
  }

 private:
  const Target& target_;
};

// As the world of the target can run it.
scenario::Scenario DecodeBytes(const uint8_t* data, size_t size) {
  scenario::Scenario s = scenario::Decode(data, size, drivers::kNrDrivers, mm::kNrKernels);
  const run::World& world = *TheTarget().instead.world;
  if (world.fit != nullptr) world.fit(&s);
  return s;
}

run::RunOptions OptionsOfTarget() {
  const Override& instead = TheTarget().instead;
  run::RunOptions options;
  options.driver = instead.driver;
  options.world = instead.world;
  options.max_steps = instead.max_steps;
  return options;
}

// Whether fuzzing goes on as if the run had not failed.
bool PassOver(const scenario::Scenario& s, const run::Outcome& outcome, const uint8_t* data,
              size_t size) {
  Settings& settings = TheTarget().settings;
  if (settings.known.empty() && settings.counted.empty() && !settings.notes.open()) return false;
  const std::string token =
      report::DedupToken(*outcome.first(), report::DriverOf(s, OptionsOfTarget()));
  if (settings.known.Match(token) || settings.counted.Match(token)) return true;
  if (settings.notes.open()) settings.notes.Note(token, data, size);
  return settings.notes.open();
}

// ---- Mutation, for engines that ask for it ----

mutate::Limits LimitsOf(size_t max_size) {
  const Override& instead = TheTarget().instead;
  const drivers::Driver* driver = instead.driver;
  return {mm::kNrKernels, max_size, driver != nullptr && driver->start != nullptr,
          instead.world->fit};
}

size_t MutateBytes(uint8_t* data, size_t size, size_t max_size) {
  return LLVMFuzzerMutate != nullptr ? LLVMFuzzerMutate(data, size, max_size) : size;
}

}  // namespace

void SetOverride(const Override& instead) { TheTarget().instead = instead; }

uint8_t RowOfDriver(const char* name) {
  for (uint32_t row = 0; row < drivers::kNrDrivers; ++row) {
    if (std::strcmp(drivers::kDriverNames[row], name) == 0) return static_cast<uint8_t>(row);
  }
  Fail(std::string("no driver is called ") + name);
}

void ReadFlags(int argc, char** argv, std::vector<std::string_view> more) {
  for (const Flag& flag : kFlags) more.emplace_back(flag.name);
  CheckArguments(argc, argv, more);
  for (int i = 1; i < argc; ++i) ReadFlag(argv[i]);
  if (!TheTarget().settings.known.empty()) std::atexit(&ReportUnused);
  if (!TheTarget().settings.counted.empty()) std::atexit(&ReportCounted);
}

int RunBytes(uint8_t row, const uint8_t* data, size_t size) {
  Target& target = TheTarget();
  static Feedback feedback(target);
  scenario::Scenario s = DecodeBytes(data, size);
  s.driver = row;
  if (target.instead.kernel >= 0) s.machine.kernel = static_cast<uint8_t>(target.instead.kernel);
  s.machine.fixes = target.instead.kernel_fixes;
  run::RunOptions options = OptionsOfTarget();
  options.observer = &feedback;
  run::Outcome outcome;
  run::Run(s, options, &outcome);
  target.settings.notes.CountExecution();
  if (outcome.first() == nullptr) return 0;
  if (PassOver(s, outcome, data, size)) return 0;
  IgnoreSignals();  // before the report is written, which takes a while
  ReportCounted();
  EndWith(report::Explain(s, OptionsOfTarget(), &outcome));
}

}  // namespace hotplug::targets

using hotplug::scenario::Scenario;

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  namespace targets = hotplug::targets;
  static std::vector<uint8_t> bytes;
  if (targets::TheTarget().settings.mutate_bytes) {
    return targets::MutateBytes(data, size, max_size);
  }
  Scenario s = targets::DecodeBytes(data, size);
  if (!hotplug::mutate::Mutate(targets::LimitsOf(max_size), seed, &s, &bytes)) {
    return targets::MutateBytes(data, size, max_size);
  }
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

// 0: the engine shall do something else.
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2, uint8_t* out,
                                            size_t max_size, unsigned int seed) {
  namespace targets = hotplug::targets;
  static std::vector<uint8_t> bytes;
  const targets::Settings& settings = targets::TheTarget().settings;
  if (!settings.crossover || settings.mutate_bytes) return 0;
  Scenario s = targets::DecodeBytes(data1, size1);
  const Scenario with = targets::DecodeBytes(data2, size2);
  if (!hotplug::mutate::Splice(targets::LimitsOf(max_size), seed, with, &s, &bytes)) return 0;
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}
