// SPDX-License-Identifier: GPL-2.0-or-later
//
// A fuzz target for one driver: runs the scenario that the bytes say, with that driver. A
// violation or a run that is stuck prints its report and aborts; the step limit is silent.
//
// With --suppressions=FILE, findings that the file knows end silently (suppressions.h).
//
//   HOTPLUG_FUZZ_TARGET("rfc_v1")
#ifndef FUZZ_TARGETS_TARGET_H_
#define FUZZ_TARGETS_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz/report/report.h"
#include "fuzz/report/suppressions.h"
#include "fuzz/report/token.h"
#include "model/mm/kernel.h"
#include "model/run/run.h"
#include "model/scenario/bytes.h"

namespace hotplug::targets {

// The row of a driver. A target without its driver must not look as if it had found nothing.
inline uint8_t RowOfDriver(const char* name) {
  for (uint32_t row = 0; row < drivers::kNrDrivers; ++row) {
    if (std::strcmp(drivers::kDrivers[row]->name, name) == 0) return static_cast<uint8_t>(row);
  }
  std::fprintf(stderr, "no driver is called %s\n", name);
  std::abort();
}

inline report::Suppressions& KnownFindings() {
  static report::Suppressions known;
  return known;
}

// Reads our own flags, which libFuzzer passes over.
inline void ReadFlags(int argc, char** argv) {
  constexpr const char* kFlag = "--suppressions=";
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], kFlag, std::strlen(kFlag)) != 0) continue;
    const char* path = argv[i] + std::strlen(kFlag);
    if (KnownFindings().Load(path)) continue;
    std::fprintf(stderr, "%s: cannot be read\n", path);
    std::exit(2);
  }
}

inline bool IsKnown(const scenario::Scenario& s, const run::Outcome& outcome) {
  if (KnownFindings().empty() || outcome.first() == nullptr) return false;
  const drivers::Driver& driver = *drivers::kDrivers[s.driver];
  return KnownFindings().Match(report::DedupToken(*outcome.first(), driver));
}

inline int RunBytes(uint8_t driver, const uint8_t* data, size_t size) {
  scenario::Scenario s = scenario::Decode(data, size, drivers::kNrDrivers, mm::kNrKernels);
  s.driver = driver;
  run::Outcome outcome;
  run::Run(s, run::RunOptions{}, &outcome);
  if (outcome.verdict == run::Verdict::kOk || outcome.verdict == run::Verdict::kLimit) return 0;
  if (IsKnown(s, outcome)) return 0;
  std::fputs(report::Explain(s, run::RunOptions{}, &outcome).c_str(), stderr);
  std::abort();
}

}  // namespace hotplug::targets

#define HOTPLUG_FUZZ_TARGET(name)                                           \
  extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {            \
    hotplug::targets::ReadFlags(*argc, *argv);                              \
    return 0;                                                               \
  }                                                                         \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
    static const uint8_t driver = hotplug::targets::RowOfDriver(name);      \
    return hotplug::targets::RunBytes(driver, data, size);                  \
  }

#endif  // FUZZ_TARGETS_TARGET_H_
