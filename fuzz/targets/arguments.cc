// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/targets/arguments.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>

#include "model/scenario/echo.h"

// libFuzzer's own mutator, by which it is told from other engines.
extern "C" __attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t* data, size_t size,
                                                         size_t max_size);

namespace hotplug::targets {

namespace {

constexpr char kHelp[] = "-help=1";
// Of what a process starts with flags of libFuzzer's choice, some of which its help leaves out: the
// jobs of fork mode, the steps of a merge, and the one that is asked for its help.
constexpr char kChecked[] = "HOTPLUG_FUZZ_ARGUMENTS_CHECKED";

// What this program prints on -help=1; empty if it cannot be run.
std::string Help() {
  int ends[2];
  if (pipe(ends) != 0) return "";
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl("/proc/self/exe", "fuzz", kHelp, nullptr);
    _exit(2);
  }
  close(ends[1]);
  std::string text;
  char some[4096];
  for (ssize_t n; (n = read(ends[0], some, sizeof(some))) > 0;) text.append(some, n);
  close(ends[0]);
  if (child > 0) waitpid(child, nullptr, 0);
  return text;
}

// The names of libFuzzer's flags: a line of its help is " NAME\tDEFAULT\tSENTENCE", below a
// heading.
std::set<std::string> FlagsOfLibFuzzer() {
  std::set<std::string> names;
  const std::string help = Help();
  size_t at = help.find("\nFlags: ");
  while (at != std::string::npos && (at = help.find("\n ", at)) != std::string::npos) {
    at += std::strlen("\n ");
    names.insert(help.substr(at, help.find_first_of(" \t\n", at) - at));
  }
  return names;
}

std::string NameOf(std::string_view flag, std::string_view dashes) {
  const size_t end = flag.find('=');
  if (end == std::string_view::npos) return "";
  return std::string(flag.substr(dashes.size(), end - dashes.size()));
}

void CheckOwn(std::string_view arg, std::span<const std::string_view> own) {
  if (std::find(own.begin(), own.end(), NameOf(arg, "--")) != own.end()) return;
  std::string expected;
  for (std::string_view name : own) expected += "--" + std::string(name) + "=, ";
  if (!own.empty()) expected += "or ";
  Fail(Echo(arg) + ": unknown flag; expected " + expected + "one of the engine, with one dash");
}

void CheckLibFuzzers(std::string_view arg) {
  static const std::set<std::string> known = FlagsOfLibFuzzer();
  if (known.empty() || known.contains(NameOf(arg, "-"))) return;
  Fail(Echo(arg) + ": unknown flag; expected -NAME=VALUE of those that " + kHelp + " lists");
}

}  // namespace

void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", EchoMessage(what).c_str());
  std::exit(2);
}

void CheckArguments(int argc, char** argv, std::span<const std::string_view> own) {
  const bool checked = std::getenv(kChecked) != nullptr;
  setenv(kChecked, "1", 1);
  for (int i = 1; i < argc && !checked; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "-ignore_remaining_args=1") break;
    if (arg.starts_with("--")) {
      CheckOwn(arg, own);
    } else if (arg.starts_with("-") && arg != "-" && LLVMFuzzerMutate != nullptr) {
      CheckLibFuzzers(arg);
    }
  }
}

std::string FlagValue(int argc, char** argv, std::string_view name) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg.starts_with(name)) return std::string(arg.substr(name.size()));
  }
  return "";
}

bool AsksForHelp(int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc,
                     [](const char* arg) { return std::strcmp(arg, kHelp) == 0; });
}

}  // namespace hotplug::targets

// Of a target that has no flags of its own.
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* argc, char*** argv) {
  hotplug::targets::CheckArguments(*argc, *argv, {});
  return 0;
}
