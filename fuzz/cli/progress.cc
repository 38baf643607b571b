// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/cli/progress.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "absl/strings/str_format.h"

namespace hotplug::cli {

namespace {

volatile std::sig_atomic_t interrupted = 0;

void OnInterrupt(int) { interrupted = 1; }

}  // namespace

bool Progress::IsShown() {
  static const bool terminal = isatty(STDERR_FILENO) != 0;
  return terminal;
}

void Progress::Show(absl::string_view text) {
  if (IsShown()) absl::FPrintF(stderr, "\r%s\033[K", text);
}

Progress::~Progress() { Show(""); }

void KeepInterrupts() { std::signal(SIGINT, OnInterrupt); }
bool IsInterrupted() { return interrupted != 0; }

}  // namespace hotplug::cli
