// SPDX-License-Identifier: GPL-2.0-or-later
//
// hotplug-fuzz: what its verbs share. A verb is one function in a file of its name; its flags
// are Abseil flags defined there, and what they are for is in words.cc. docs/command-line.md is
// the manual.
#ifndef FUZZ_CLI_CLI_H_
#define FUZZ_CLI_CLI_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/run/run.h"

ABSL_DECLARE_FLAG(std::string, out);

namespace hotplug::driver {
struct Loaded;
}  // namespace hotplug::driver

namespace hotplug::cli {

// What they mean is in words.cc. 70 to 72 and 77 are libFuzzer's.
enum ExitCode : int {
  kAllWell = 0,
  kFailed = 1,
  kUsage = 2,
  kStuck = 3,
  kSkipped = 4,
  kTwoDigests = 5,
  kDied = 6,
};
// The one of two exit codes that several files together have.
ExitCode Worse(ExitCode a, ExitCode b);
ExitCode ExitCodeOf(run::Verdict verdict);

using Args = std::vector<std::string>;  // without flags

ExitCode Compile(const Args& files);
ExitCode CompileTree(const Args& none);
ExitCode Coverage(const Args& paths);
ExitCode Run(const Args& files);
ExitCode Show(const Args& files);
ExitCode Encode(const Args& files);
ExitCode Explain(const Args& files);
ExitCode Minimize(const Args& files);
ExitCode Promote(const Args& files);
ExitCode Cures(const Args& files);
ExitCode Conform(const Args& files);
ExitCode ReportFiles(const Args& files);
ExitCode CheckRefactor(const Args& builds);
ExitCode Explore(const Args& files);
ExitCode List(const Args& what);

// A scenario from a file in either form, with --driver and --kernel applied.
struct Input {
  scenario::Scenario scenario;
  std::vector<std::string> expect;
  // Of --driver=FILE.c: the driver that the file is, which no scenario can name. Else null.
  const drivers::Driver* driver = nullptr;
  // Of --world and --tree: the world that it runs in.
  const run::World* world = &run::kModelWorld;

  run::RunOptions Options(run::RunOptions options = {}) const {
    options.driver = driver;
    options.world = world;
    if (world != &run::kModelWorld) options.max_steps = kMaxTreeSteps;
    return options;
  }
};
absl::StatusOr<Input> Load(const std::string& path);
// The same where the scenario itself must say its driver.
absl::StatusOr<Input> LoadSelfContained(const std::string& path);

// Whether there is --world or --tree.
bool IsWorldAsked();
// Has the scenario run in the world of --world or --tree, if there is one: built when it is first
// asked for, once. What is changed of the scenario for that is told on stderr. A text that says
// what the world does not have is an error; bytes go without, as they do where machines differ.
absl::Status UseWorld(const std::string& path, bool is_text, Input* input);
// For all that are loaded from now on: the world of --tree that tells what of it has run. The bytes
// of the image.
absl::StatusOr<std::string> UseCoveredTree();

// Whether --driver is a driver's own file. In the model world a verb runs with it in a child, which
// gets the compiled object, and loads it when it is first asked for: once.
bool IsDriverFile();
ExitCode RunWithDriverFile(const std::function<ExitCode()>& verb);
const std::string& DriverObject();
absl::StatusOr<const driver::Loaded*> DriverFile();

// Prints the message to stderr and returns kUsage.
ExitCode Complain(absl::string_view message);
ExitCode Complain(const absl::Status& status);

// Sets the flags of argv[2..] and returns the other arguments. Only flags named in `allowed`
// may be given; `-o OUT` is --out=OUT.
absl::StatusOr<Args> ParseArgs(int argc, char** argv, const std::vector<std::string>& allowed);

}  // namespace hotplug::cli

#endif  // FUZZ_CLI_CLI_H_
