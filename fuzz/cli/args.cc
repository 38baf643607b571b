// SPDX-License-Identifier: GPL-2.0-or-later
//
// Arguments in Abseil's form: --name=value, --name value, --flag, --noflag. A dash in a name
// is as good as an underscore. Abseil's own parser knows no verbs and ends the process with
// the exit code of a violation.
#include <algorithm>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "fuzz/cli/cli.h"
#include "model/scenario/echo.h"

ABSL_FLAG(std::string, out, "", "");

namespace hotplug::cli {

namespace {

absl::Status Unknown(absl::string_view arg) {
  return absl::InvalidArgumentError(
      absl::StrCat("unknown flag ", EchoName({arg.data(), arg.size()})));
}

// A flag of the command line, taken apart.
struct Setting {
  absl::CommandLineFlag* flag = nullptr;
  std::string value;
  bool has_value = false;
};

absl::StatusOr<Setting> TakeApart(const std::string& arg, const std::vector<std::string>& allowed) {
  absl::string_view name = arg == "-o" ? "--out" : absl::string_view(arg);
  if (!absl::ConsumePrefix(&name, "--")) return Unknown(arg);
  Setting s;
  const size_t equals = name.find('=');
  if (equals != absl::string_view::npos) {
    s.value = std::string(name.substr(equals + 1));
    s.has_value = true;
    name = name.substr(0, equals);
  }
  const auto find = [&allowed](absl::string_view n) {
    const std::string flag = absl::StrReplaceAll(n, {{"-", "_"}});
    const bool known = std::find(allowed.begin(), allowed.end(), flag) != allowed.end();
    return known ? absl::FindCommandLineFlag(flag) : nullptr;
  };
  s.flag = find(name);
  const bool negated = s.flag == nullptr && !s.has_value && absl::ConsumePrefix(&name, "no");
  if (negated) s.flag = find(name);
  if (s.flag == nullptr || (negated && !s.flag->IsOfType<bool>())) return Unknown(arg);
  if (!s.has_value && s.flag->IsOfType<bool>()) {
    s.value = negated ? "false" : "true";
    s.has_value = true;
  }
  return s;
}

}  // namespace

absl::StatusOr<Args> ParseArgs(int argc, char** argv, const std::vector<std::string>& allowed) {
  Args args;
  bool flags = true;
  for (int i = 2; i < argc; ++i) {
    const std::string arg = argv[i];
    if (flags && arg == "--") {
      flags = false;
    } else if (!flags || arg.size() < 2 || arg[0] != '-') {
      args.push_back(arg);
    } else {
      absl::StatusOr<Setting> s = TakeApart(arg, allowed);
      if (!s.ok()) return s.status();
      if (!s->has_value && i + 1 == argc) {
        return absl::InvalidArgumentError(absl::StrCat(EchoName(arg), " needs a value"));
      }
      if (!s->has_value) s->value = argv[++i];
      std::string error;
      if (!s->flag->ParseFrom(s->value, &error)) return absl::InvalidArgumentError(error);
    }
  }
  return args;
}

}  // namespace hotplug::cli
