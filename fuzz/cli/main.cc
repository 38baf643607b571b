// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/cli.h"
#include "fuzz/cli/words.h"
#include "model/scenario/echo.h"

namespace hotplug::cli {

namespace {

ExitCode RunVerb(const Verb& verb, int argc, char** argv) {
  const absl::StatusOr<Args> args = ParseArgs(argc, argv, FlagNames(verb));
  if (!args.ok()) {
    return Complain(absl::StrCat("hotplug-fuzz ", verb.name, ": ", args.status().message()));
  }
  if (Takes(verb, args->size())) {
    const bool loads = (verb.groups & kOfDriverFiles) != 0 && IsDriverFile() && !IsWorldAsked();
    if (!loads) return verb.main(*args);
    return RunWithDriverFile([&verb, &args] { return verb.main(*args); });
  }
  return Complain(absl::StrCat("usage: hotplug-fuzz ", absl::StripSuffix(UsageOf(verb), "\n")));
}

ExitCode Main(int argc, char** argv) {
  const absl::string_view name = argc > 1 ? argv[1] : "";
  if (name == "help" || name == "--help") {
    std::fputs(Usage().c_str(), stdout);
    return kAllWell;
  }
  if (const Verb* verb = FindVerb(name)) return RunVerb(*verb, argc, argv);
  if (!name.empty())
    Complain(absl::StrCat("hotplug-fuzz: no verb ", EchoName({name.data(), name.size()})));
  std::fputs(Usage().c_str(), stderr);
  return kUsage;
}

}  // namespace

}  // namespace hotplug::cli

int main(int argc, char** argv) {
  namespace base = hotplug::base;
  namespace cli = hotplug::cli;
  base::KeepStandardStreams();
  const cli::ExitCode code = cli::Main(argc, argv);
  const absl::Status written = base::CloseStandardOutput();
  return written.ok() ? code : cli::Complain(written);
}
