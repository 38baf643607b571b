// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/base/files.h"

#include <cstdio>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fuzz/base/process.h"
#include "fuzz/cli/cli.h"
#include "fuzz/driver/compile.h"
#include "fuzz/driver/load.h"
#include "model/scenario/bytes.h"
#include "model/scenario/spec.h"
#include "model/scenario/text/parse.h"

ABSL_FLAG(std::string, cc, hotplug::driver::DefaultCompiler(), "");
ABSL_FLAG(std::vector<std::string>, param, {}, "");
ABSL_FLAG(std::vector<std::string>, define, {}, "");
ABSL_FLAG(std::string, driver, "", "");
ABSL_FLAG(std::string, preempt, "calls", "");
ABSL_FLAG(std::string, kernel, "", "");

namespace hotplug::cli {

namespace {

// Puts what a flag names in the place of what the scenario has; an empty flag changes nothing.
template <class Read, class To>
absl::Status Override(absl::string_view flag, const std::string& value, Read read, To* to) {
  if (value.empty()) return absl::OkStatus();
  const scenario::SpecError error = read(value, run::Names(), to);
  if (error.expected.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", value, ": expected ",
                                                 error.expected, ", not '", std::string(error.part),
                                                 "'"));
}

// ---- Drivers' own files ----

bool IsFile(const std::string& driver) {
  return absl::EndsWith(driver, ".c") || absl::EndsWith(driver, ".so");
}

driver::CompileOptions HowToCompile() {
  return {absl::GetFlag(FLAGS_cc), absl::GetFlag(FLAGS_define), absl::GetFlag(FLAGS_param)};
}

absl::StatusOr<driver::Loaded> LoadFile(const std::string& file) {
  const std::string preempt = absl::GetFlag(FLAGS_preempt);
  if (preempt != "calls" && preempt != "memory") {
    return absl::InvalidArgumentError(
        absl::StrCat("--preempt=", preempt, ": there are only calls, memory"));
  }
  const shim::Options options{preempt == "memory"};
  if (absl::EndsWith(file, ".so")) {
    if (absl::GetFlag(FLAGS_define).empty() && absl::GetFlag(FLAGS_param).empty()) {
      return driver::Load(file, file, options);
    }
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": has been compiled: --define= and --param= come too late"));
  }
  const absl::StatusOr<base::TemporaryFolder> folder = base::TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  const std::string object = *folder / "driver.so";
  if (absl::Status status = driver::Compile(file, HowToCompile(), object); !status.ok())
    return status;
  return driver::Load(object, file, options);
}

}  // namespace

absl::StatusOr<const driver::Loaded*> DriverFile() {
  const std::string file = absl::GetFlag(FLAGS_driver);
  if (!IsFile(file)) return absl::InvalidArgumentError("--driver=FILE.c is missing");
  static const auto* loaded = new absl::StatusOr<driver::Loaded>(LoadFile(file));
  if (!loaded->ok()) return loaded->status();
  if (!(*loaded)->error.empty()) return absl::InvalidArgumentError((*loaded)->error);
  return &**loaded;
}

absl::StatusOr<Input> LoadSelfContained(const std::string& path) {
  if (!IsFile(absl::GetFlag(FLAGS_driver))) return Load(path);
  return absl::InvalidArgumentError(
      absl::StrCat("--driver=", absl::GetFlag(FLAGS_driver), ": a scenario cannot name a file"));
}

absl::StatusOr<Input> Load(const std::string& path) {
  absl::StatusOr<std::string> contents = base::Contents(path);
  if (!contents.ok()) return contents.status();
  const scenario::Names names = run::Names();
  Input input;
  if (scenario::IsText(*contents)) {
    absl::StatusOr<scenario::File> file = scenario::Parse(*contents, path, names);
    if (!file.ok()) return file.status();
    input = {file->scenario, file->expect};
  } else {
    input.scenario = scenario::Decode(reinterpret_cast<const uint8_t*>(contents->data()),
                                      contents->size(), names.nr_drivers, names.nr_kernels);
  }
  const std::string driver = absl::GetFlag(FLAGS_driver);
  absl::Status status;
  if (IsFile(driver)) {
    const absl::StatusOr<const driver::Loaded*> loaded = DriverFile();
    if (!loaded.ok()) return loaded.status();
    input.driver = &(*loaded)->module->driver();
  } else {
    status = Override("driver", driver, scenario::ReadDriver, &input.scenario);
  }
  if (!status.ok()) return status;
  status = Override("kernel", absl::GetFlag(FLAGS_kernel), scenario::ReadKernel,
                    &input.scenario.machine);
  if (!status.ok()) return status;
  return input;
}

ExitCode Compile(const Args& files) {
  const std::string out = absl::GetFlag(FLAGS_out);
  absl::Status status = base::CheckNew(out);
  if (!status.ok()) return Complain(status);
  const absl::StatusOr<base::TemporaryFolder> folder = base::TemporaryFolder::Make();
  if (!folder.ok()) return Complain(folder.status());
  const std::string object = *folder / "driver.so";
  status = driver::Compile(files[0], HowToCompile(), object);
  if (!status.ok()) return Complain(status);
  const absl::StatusOr<std::string> contents = base::Contents(object);
  status = contents.ok() ? base::WriteNew(out, *contents) : contents.status();
  return status.ok() ? kAllWell : Complain(status);
}

ExitCode Complain(absl::string_view message) {
  std::fprintf(stderr, "%s\n", std::string(message).c_str());
  return kUsage;
}

ExitCode Complain(const absl::Status& status) { return Complain(status.message()); }

}  // namespace hotplug::cli
