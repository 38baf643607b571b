// SPDX-License-Identifier: GPL-2.0-or-later
//
// What long work shows on a terminal, and how it is told to end with what it has.
#ifndef FUZZ_CLI_PROGRESS_H_
#define FUZZ_CLI_PROGRESS_H_

#include "absl/strings/string_view.h"

namespace hotplug::cli {

// A line on standard error, if that is a terminal, which is cleared in the end.
class Progress {
 public:
  Progress() = default;
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  static bool IsShown();
  static void Show(absl::string_view text);
};

// From now on SIGINT ends nothing by itself; whether there was one.
void KeepInterrupts();
bool IsInterrupted();

}  // namespace hotplug::cli

#endif  // FUZZ_CLI_PROGRESS_H_
