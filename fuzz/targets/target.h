// SPDX-License-Identifier: GPL-2.0-or-later
//
// A fuzz target for one driver: runs the scenario that the bytes say, with that driver. A
// violation or a run that is stuck prints its report and aborts; the step limit is silent.
//
//   --suppressions=FILE      findings that the file knows end silently (suppressions.h)
//   --note-findings=FILE     findings are noted in the file and end silently (notes.h)
//   --mutator=scenario|bytes what libFuzzer's custom mutator changes
//   --feedback=state|edges   whether the simulated state counts beside the edges of the code
//   --crossover=off|on       whether two scenarios are spliced, in half of all executions
//
// The first value is the default; docs/fuzzing.md says why.
//
//   HOTPLUG_FUZZ_TARGET("rfc_v1")
#ifndef FUZZ_TARGETS_TARGET_H_
#define FUZZ_TARGETS_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/mutate/feedback.h"
#include "fuzz/mutate/mutate.h"
#include "fuzz/report/report.h"
#include "fuzz/report/suppressions.h"
#include "fuzz/report/token.h"
#include "fuzz/targets/notes.h"
#include "model/mm/kernel.h"
#include "model/run/run.h"
#include "model/scenario/bytes.h"

// libFuzzer's own mutator. Other engines have none, and do not call ours.
extern "C" __attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t* data, size_t size,
                                                         size_t max_size);

namespace hotplug::targets {

struct Target {
  const drivers::Driver* driver = nullptr;  // in place of the table's
  int32_t kernel = -1;                      // row, in place of the scenario's
  uint32_t kernel_fixes = 0;                // with it
  report::Suppressions known;
  Notes notes;
  bool mutate_bytes = false;
  bool state_feedback = true;
  bool crossover = false;
};

inline Target& TheTarget() {
  static Target target;
  return target;
}

[[noreturn]] inline void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(2);
}

// The row of a driver. A target without its driver must not look as if it had found nothing.
inline uint8_t RowOfDriver(const char* name) {
  for (uint32_t row = 0; row < drivers::kNrDrivers; ++row) {
    if (std::strcmp(drivers::kDrivers[row]->name, name) == 0) return static_cast<uint8_t>(row);
  }
  Fail(std::string("no driver is called ") + name);
}

// Reads one of our own flags, which libFuzzer passes over as it does over all with two dashes.
inline void ReadFlag(std::string_view arg) {
  Target& target = TheTarget();
  const size_t equals = arg.find('=');
  if (equals == arg.npos) return;
  const std::string_view name = arg.substr(0, equals);
  const std::string value(arg.substr(equals + 1));
  const auto either = [&](const char* first, const char* second) {
    if (value != first && value != second)
      Fail(std::string(arg) + ": expected " + first + " or " + second);
    return value == second;
  };
  if (name == "--suppressions" && !target.known.Load(value)) Fail(target.known.error());
  if (name == "--note-findings" && !target.notes.Open(value)) {
    Fail(value + ": cannot be written");
  }
  if (name == "--mutator") target.mutate_bytes = either("scenario", "bytes");
  if (name == "--feedback") target.state_feedback = !either("state", "edges");
  if (name == "--crossover") target.crossover = either("off", "on");
}

// At the end of a run that has found nothing new: what a pattern was for is cured, or has not been
// met. A few runs say nothing about that.
inline void ReportUnused() {
  constexpr uint64_t kEnough = 10000;
  const Target& target = TheTarget();
  if (target.notes.executions() < kEnough) return;
  std::fputs(target.known.UnusedReport().c_str(), stderr);
}

inline void ReadFlags(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) ReadFlag(argv[i]);
  if (!TheTarget().known.empty()) std::atexit(&ReportUnused);
}

inline scenario::Scenario DecodeBytes(const uint8_t* data, size_t size) {
  return scenario::Decode(data, size, drivers::kNrDrivers, mm::kNrKernels);
}

inline run::RunOptions OptionsOfTarget() {
  run::RunOptions options;
  options.driver = TheTarget().driver;
  return options;
}

// Whether fuzzing goes on as if the run had not failed.
inline bool PassOver(const scenario::Scenario& s, const run::Outcome& outcome, const uint8_t* data,
                     size_t size) {
  Target& target = TheTarget();
  if (outcome.first() == nullptr || (target.known.empty() && !target.notes.open())) return false;
  const std::string token =
      report::DedupToken(*outcome.first(), report::DriverOf(s, OptionsOfTarget()));
  if (target.known.Match(token)) return true;
  if (target.notes.open()) target.notes.Note(token, data, size);
  return target.notes.open();
}

inline int RunBytes(uint8_t driver, const uint8_t* data, size_t size) {
  static mutate::StateFeedback feedback;
  Target& target = TheTarget();
  scenario::Scenario s = DecodeBytes(data, size);
  s.driver = driver;
  if (target.kernel >= 0) {
    s.machine.kernel = static_cast<uint8_t>(target.kernel);
    s.machine.fixes = target.kernel_fixes;
  }
  run::RunOptions options = OptionsOfTarget();
  if (target.state_feedback) options.observer = &feedback;
  run::Outcome outcome;
  run::Run(s, options, &outcome);
  target.notes.CountExecution();
  if (outcome.verdict == run::Verdict::kOk || outcome.verdict == run::Verdict::kLimit) return 0;
  if (PassOver(s, outcome, data, size)) return 0;
  std::fputs(report::Explain(s, OptionsOfTarget(), &outcome).c_str(), stderr);
  std::abort();
}

// ---- Mutation, for engines that ask for it -------------------------------------------------

inline mutate::Limits LimitsOf(size_t max_size) {
  const drivers::Driver* driver = TheTarget().driver;
  return {mm::kNrKernels, max_size, driver != nullptr && driver->start != nullptr};
}

inline size_t MutateBytes(uint8_t* data, size_t size, size_t max_size) {
  return LLVMFuzzerMutate != nullptr ? LLVMFuzzerMutate(data, size, max_size) : size;
}

inline size_t MutateInput(uint8_t* data, size_t size, size_t max_size, uint32_t seed) {
  static std::vector<uint8_t> bytes;
  if (TheTarget().mutate_bytes) return MutateBytes(data, size, max_size);
  scenario::Scenario s = DecodeBytes(data, size);
  if (!mutate::Mutate(LimitsOf(max_size), seed, &s, &bytes)) {
    return MutateBytes(data, size, max_size);
  }
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

// 0: the engine shall do something else.
inline size_t CrossOverInputs(const uint8_t* data1, size_t size1, const uint8_t* data2,
                              size_t size2, uint8_t* out, size_t max_size, uint32_t seed) {
  static std::vector<uint8_t> bytes;
  if (!TheTarget().crossover || TheTarget().mutate_bytes) return 0;
  scenario::Scenario s = DecodeBytes(data1, size1);
  const scenario::Scenario with = DecodeBytes(data2, size2);
  if (!mutate::Splice(LimitsOf(max_size), seed, with, &s, &bytes)) return 0;
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace hotplug::targets

// What an engine calls, for the driver of a row.
#define HOTPLUG_FUZZ_ENTRY(row)                                                                 \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {                     \
    static const uint8_t driver = (row);                                                        \
    return hotplug::targets::RunBytes(driver, data, size);                                      \
  }                                                                                             \
  extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,        \
                                            unsigned int seed) {                                \
    return hotplug::targets::MutateInput(data, size, max_size, seed);                           \
  }                                                                                             \
  extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,               \
                                              const uint8_t* data2, size_t size2, uint8_t* out, \
                                              size_t max_size, unsigned int seed) {             \
    return hotplug::targets::CrossOverInputs(data1, size1, data2, size2, out, max_size, seed);  \
  }

#define HOTPLUG_FUZZ_TARGET(name)                                \
  extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) { \
    hotplug::targets::ReadFlags(*argc, *argv);                   \
    return 0;                                                    \
  }                                                              \
  HOTPLUG_FUZZ_ENTRY(hotplug::targets::RowOfDriver(name))

#endif  // FUZZ_TARGETS_TARGET_H_
