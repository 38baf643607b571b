// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/files.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fuzz/fidelity/replay/work.h"

namespace hotplug::replay {

namespace {

using instrument::Op;
using recording::Kind;
using recording::Line;

// The action of .../notifier-error-inject/memory/actions/MEM_ACTION/error; 0 for others.
uint32_t InjectFile(std::string_view path) {
  constexpr std::string_view kFolder = "/notifier-error-inject/memory/actions/MEM_";
  const size_t at = path.find(kFolder);
  if (at == std::string_view::npos || !path.ends_with("/error")) return 0;
  path.remove_prefix(at + kFolder.size());
  path.remove_suffix(std::string_view("/error").size());
  return recording::ActionOf(path).value_or(0);
}

void Write(Session& session, const Line& line) {
  const std::string_view path = line.Text("path");
  const std::string value = Unquote(line.Text("value"));
  int64_t rc = static_cast<int64_t>(value.size());
  if (path.ends_with("/auto_online_blocks")) {
    const int error = instrument::WriteAutoOnline(value.c_str());
    if (error != 0) rc = error;
  } else if (const uint32_t action = InjectFile(path); action != 0) {
    int64_t error = 0;
    if (!absl::SimpleAtoi(value, &error)) rc = -EINVAL;
    if (rc > 0) instrument::SetInjectedError(action, error);
  } else if (path.ends_with("/eject")) {
    instrument::Work work;
    work.op = Op::kEject;
    work.block = session.machine.first_dimm_block.v;
    work.count = session.machine.nr_dimm_blocks;
    if (session.Start(line, -1, work, nullptr) == nullptr) return;
  } else {
    return session.Differ(line, "the model has no such file");
  }
  const std::string text = rc >= 0 ? std::to_string(rc) : recording::ErrnoText(rc);
  if (line.Text("result") != text) session.Differ(line, absl::StrCat("=> ", text));
}

void Read(Session& session, const Line& line) {
  const uint32_t action = InjectFile(line.Text("path"));
  if (action == 0) return session.Differ(line, "the model has no such file");
  const std::string value = std::to_string(instrument::InjectedError(action));
  if (Unquote(line.Text("value")) != value) session.Differ(line, absl::StrCat("= '", value, "'"));
}

void Insmod(Session& session, const Line& line) {
  if (line.Text("module") != "memory-notifier-error-inject") {
    return session.Differ(line, "the model has no such module");
  }
  int32_t priority = 0;
  const std::string_view args = line.Text("args");
  constexpr std::string_view kPriority = "priority=";
  if (args.starts_with(kPriority) &&
      !absl::SimpleAtoi(std::string(args.substr(kPriority.size())), &priority)) {
    return session.Differ(line, "the priority is a 32-bit number");
  }
  const int name = instrument::Name("notifier_err_inject_callback");
  instrument::AddKernelNotifier(static_cast<uint32_t>(name), priority, true);
}

}  // namespace

bool HandleFile(Session& session, const Line& line) {
  switch (line.kind) {
    case Kind::kWr:
      Write(session, line);
      return true;
    case Kind::kRd:
      Read(session, line);
      return true;
    case Kind::kInsmod:
      Insmod(session, line);
      return true;
    default:
      return false;
  }
}

}  // namespace hotplug::replay
