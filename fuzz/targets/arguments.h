// SPDX-License-Identifier: GPL-2.0-or-later
//
// The arguments of a fuzz target: flags of its own with two dashes, those of its engine with one,
// and files and folders. Engines pass over flags that they do not know, so that a mistyped one
// would be lost; here it ends the process.
#ifndef FUZZ_TARGETS_ARGUMENTS_H_
#define FUZZ_TARGETS_ARGUMENTS_H_

#include <span>
#include <string>
#include <string_view>

namespace hotplug::targets {

// Says what is wrong and ends the process with 2, as for all wrong usage.
[[noreturn]] void Fail(const std::string& what);

// Fails unless each flag is --NAME=VALUE with a NAME of `own`, or one that libFuzzer knows, which
// libFuzzer itself is asked for. Flags of other engines are theirs.
void CheckArguments(int argc, char** argv, std::span<const std::string_view> own);

// The value of a flag, named as in "--NAME="; empty without it.
std::string FlagValue(int argc, char** argv, std::string_view name);

// Whether the engine will print its help, and no input will run.
bool AsksForHelp(int argc, char** argv);

}  // namespace hotplug::targets

#endif  // FUZZ_TARGETS_ARGUMENTS_H_
