// SPDX-License-Identifier: GPL-2.0-or-later
//
// --driver=FILE.c: the file is compiled here, and loaded by a child, in which the verb runs.
#include <cstdint>
#include <optional>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fuzz/base/files.h"
#include "fuzz/base/process.h"
#include "fuzz/cli/child.h"
#include "fuzz/cli/cli.h"
#include "fuzz/driver/compile.h"
#include "fuzz/driver/load.h"
#include "model/scenario/echo.h"

ABSL_FLAG(std::string, cc, hotplug::driver::DefaultCompiler(), "");
ABSL_FLAG(std::vector<std::string>, param, {}, "");
ABSL_FLAG(std::vector<std::string>, define, {}, "");
ABSL_FLAG(std::string, preempt, "calls", "");
ABSL_FLAG(uint32_t, stall, 10, "");
ABSL_FLAG(bool, no_sandbox, false, "");
ABSL_DECLARE_FLAG(std::string, driver);
ABSL_DECLARE_FLAG(std::string, record);

namespace hotplug::cli {

namespace {

constexpr uint32_t kMaxStall = 3600;

driver::CompileOptions HowToCompile() {
  return {absl::GetFlag(FLAGS_cc), absl::GetFlag(FLAGS_define), absl::GetFlag(FLAGS_param)};
}

// Where the object lies, in the process that is given it to load.
std::string& Object() {
  static std::string object;
  return object;
}

absl::Status CheckFlags(const std::string& file) {
  const std::string preempt = absl::GetFlag(FLAGS_preempt);
  if (preempt != "calls" && preempt != "memory") {
    return absl::InvalidArgumentError(
        absl::StrCat("--preempt=", EchoName(preempt), ": there are only calls, memory"));
  }
  const uint32_t stall = absl::GetFlag(FLAGS_stall);
  if (stall == 0 || stall > kMaxStall) {
    return absl::InvalidArgumentError(
        absl::StrCat("--stall=", stall, ": expected seconds, 1 to ", kMaxStall));
  }
  const bool compiled = absl::EndsWith(file, ".so");
  if (!compiled || (absl::GetFlag(FLAGS_define).empty() && absl::GetFlag(FLAGS_param).empty())) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(EchoName(file), ": has been compiled: --define= and --param= come too late"));
}

ExitCode RunWithFile(const std::string& file, const std::function<ExitCode()>& verb) {
  if (absl::Status status = CheckFlags(file); !status.ok()) return Complain(status);
  Object() = file;
  std::optional<base::TemporaryFolder> folder;
  if (!absl::EndsWith(file, ".so")) {
    absl::StatusOr<base::TemporaryFolder> made = base::TemporaryFolder::Make();
    if (!made.ok()) return Complain(made.status());
    folder.emplace(*std::move(made));
    Object() = *folder / "driver.so";
    const absl::Status status = driver::Compile(file, HowToCompile(), Object());
    if (!status.ok()) return Complain(status);
  }
  return RunInChild(
      {EchoName(file), Object(), {absl::GetFlag(FLAGS_out), absl::GetFlag(FLAGS_record)}, verb});
}

driver::Loaded LoadObject() {
  driver::Guard({.died = &TellDeath, .stall_seconds = absl::GetFlag(FLAGS_stall)});
  return driver::Load(Object(), absl::GetFlag(FLAGS_driver),
                      {.shim = {absl::GetFlag(FLAGS_preempt) == "memory"},
                       .sandbox = absl::GetFlag(FLAGS_no_sandbox) ? driver::Sandbox::kNone
                                                                  : driver::Sandbox::kProcess});
}

}  // namespace

bool IsDriverFile() {
  const std::string driver = absl::GetFlag(FLAGS_driver);
  return absl::EndsWith(driver, ".c") || absl::EndsWith(driver, ".so");
}

ExitCode RunWithDriverFile(const std::function<ExitCode()>& verb) {
  const ExitCode code = RunWithFile(absl::GetFlag(FLAGS_driver), verb);
  EndIfInterrupted();
  return code;
}

const std::string& DriverObject() { return Object(); }

absl::StatusOr<const driver::Loaded*> DriverFile() {
  static const auto* loaded = new driver::Loaded(LoadObject());
  if (!loaded->error.empty()) return absl::InvalidArgumentError(loaded->error);
  return loaded;
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

}  // namespace hotplug::cli
