// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/base/files.h"

#include <cstdio>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fuzz/cli/cli.h"
#include "fuzz/driver/load.h"
#include "model/scenario/echo.h"
#include "model/scenario/spec.h"
#include "model/scenario/text/parse.h"

ABSL_FLAG(std::string, driver, "", "");
ABSL_FLAG(std::string, kernel, "", "");

namespace hotplug::cli {

namespace {

// Puts what a flag names in the place of what the scenario has; an empty flag changes nothing.
template <class Read, class To>
absl::Status Override(absl::string_view flag, const std::string& value, Read read, To* to) {
  if (value.empty()) return absl::OkStatus();
  const scenario::SpecError error = read(value, run::Names(), to);
  if (error.expected.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", EchoName(value), ": expected ",
                                                 error.expected, ", not '", Echo(error.part), "'"));
}

}  // namespace

absl::StatusOr<Input> LoadSelfContained(const std::string& path) {
  if (!IsDriverFile()) return Load(path);
  return absl::InvalidArgumentError(absl::StrCat("--driver=", EchoName(absl::GetFlag(FLAGS_driver)),
                                                 ": a scenario cannot name a file"));
}

absl::StatusOr<Input> Load(const std::string& path) {
  absl::StatusOr<std::string> contents = base::Contents(path);
  if (!contents.ok()) return contents.status();
  absl::StatusOr<scenario::File> file = scenario::Read(*contents, path, run::Names());
  if (!file.ok()) return file.status();
  Input input{file->scenario, std::move(file->expect)};
  const std::string driver = absl::GetFlag(FLAGS_driver);
  absl::Status status;
  if (IsDriverFile() && !IsWorldAsked()) {
    const absl::StatusOr<const driver::Loaded*> loaded = DriverFile();
    if (!loaded.ok()) return loaded.status();
    input.driver = &(*loaded)->module->driver();
  } else if (!IsDriverFile()) {
    status = Override("driver", driver, scenario::ReadDriver, &input.scenario);
  }
  if (!status.ok()) return status;
  status = Override("kernel", absl::GetFlag(FLAGS_kernel), scenario::ReadKernel,
                    &input.scenario.machine);
  if (status.ok()) status = UseWorld(path, scenario::IsText(*contents), &input);
  if (!status.ok()) return status;
  return input;
}

ExitCode Complain(absl::string_view message) {
  const std::string shown = EchoMessage({message.data(), message.size()});
  std::fprintf(stderr, "%s\n", shown.c_str());
  return kUsage;
}

ExitCode Complain(const absl::Status& status) { return Complain(status.message()); }

}  // namespace hotplug::cli
