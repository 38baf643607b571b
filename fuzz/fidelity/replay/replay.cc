// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/replay.h"

#include "fuzz/fidelity/replay/asker.h"
#include "fuzz/fidelity/replay/commands.h"
#include "fuzz/fidelity/replay/files.h"
#include "fuzz/fidelity/replay/looks.h"
#include "fuzz/fidelity/replay/remarks.h"
#include "fuzz/fidelity/replay/session.h"

namespace hotplug::replay {

namespace {

using recording::Kind;
using recording::Line;

class Replayer {
 public:
  explicit Replayer(const recording::File& file)
      : s_(file), asker_(s_), commands_(s_, asker_), looks_(s_, asker_) {}

  absl::StatusOr<Report> Run(std::string_view path, bool keep_going) {
    if (absl::Status status = SetUp(s_.file, path, &s_.machine); !status.ok()) return status;
    for (s_.at = 0; s_.at < s_.file.lines.size(); ++s_.at) {
      const Line& line = s_.file.lines[s_.at];
      if (!s_.in_layout) ++s_.report.lines;
      Handle(line);
      if (line.kind == Kind::kLayoutEnd) s_.in_layout = false;
      if (!keep_going && !s_.report.differences.empty()) break;
    }
    // Of a run that broke off nobody knows which were still to come.
    if (s_.at == s_.file.lines.size()) {
      if (const auto wrong = s_.uevents.FirstWrong(s_.file)) s_.Differ(*wrong->line, wrong->got);
    }
    if (!keep_going && s_.report.differences.size() > 1) s_.report.differences.resize(1);
    return std::move(s_.report);
  }

 private:
  void Handle(const Line& line) {
    if (commands_.Handle(line) || asker_.Handle(line) || looks_.Handle(line)) return;
    if (HandleFile(s_, line)) return;
    switch (line.kind) {
      case Kind::kUevent:
        // One that the model has not sent yet may be all that a worker of the kernel shows.
        if (!s_.uevents.Recorded(line)) s_.processes.RunWorkers();
        return;
      case Kind::kInfo:
      case Kind::kNote:
        return CheckRemark(s_, line);
      case Kind::kScenario:
        return asker_.StopCounting();
      default:
        return;  // MACHINE, LAYOUT and the ends
    }
  }

  Session s_;
  Asker asker_;
  Commands commands_;
  Looks looks_;
};

}  // namespace

absl::StatusOr<Report> Replay(const recording::File& file, std::string_view path, bool keep_going) {
  return Replayer(file).Run(path, keep_going);
}

}  // namespace hotplug::replay
