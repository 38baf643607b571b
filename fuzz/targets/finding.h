// SPDX-License-Identifier: GPL-2.0-or-later
//
// How a fuzz target ends with a finding.
#ifndef FUZZ_TARGETS_FINDING_H_
#define FUZZ_TARGETS_FINDING_H_

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace hotplug::targets {

// From here on the engine keeps the input before anything else ends the process. Ignored and not
// blocked: libFuzzer has a second thread, which would take the signal.
inline void IgnoreSignals() {
  for (int signal : {SIGHUP, SIGINT, SIGTERM}) std::signal(signal, SIG_IGN);
}

// Prints what is wrong with the input, DEDUP_TOKEN and all. The engine keeps the input.
[[noreturn]] inline void EndWith(const std::string& finding) {
  IgnoreSignals();
  std::fputs(finding.c_str(), stderr);
  std::abort();
}

}  // namespace hotplug::targets

#endif  // FUZZ_TARGETS_FINDING_H_
