// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the parts of a replay share: the recording and how far it has come, the simulated machine
// with its processes, and what has been found.
#ifndef FUZZ_FIDELITY_REPLAY_SESSION_H_
#define FUZZ_FIDELITY_REPLAY_SESSION_H_

#include <cstddef>
#include <string>

#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/input.h"
#include "fuzz/fidelity/replay/machine.h"
#include "fuzz/fidelity/replay/processes.h"
#include "fuzz/fidelity/replay/replay.h"
#include "fuzz/fidelity/replay/uevents.h"

namespace hotplug::replay {

struct Session {
  explicit Session(const recording::File& recorded)
      : file(recorded),
        processes(machine, [this](const recording::Line& line) { uevents.Said(line, at); }),
        input(recorded) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The lines around the one that is being handled; null if there is none.
  const recording::Line* Before() const { return at == 0 ? nullptr : &file.lines[at - 1]; }
  const recording::Line* Next() const {
    return at + 1 < file.lines.size() ? &file.lines[at + 1] : nullptr;
  }

  // The model has `got` where a line was recorded.
  void Differ(const recording::Line& recorded, std::string got);
  // Compares what was recorded with what the model shows when it is looked at.
  void Expect(const recording::Line& recorded, const recording::Line& model);

  // A new process, at a line; null, and a difference, if the model has no room for it.
  Process* Start(const recording::Line& line, int64_t number, const instrument::Work& work,
                 const recording::Line* request);
  void NoRoom(const recording::Line& line);

  const recording::File& file;
  size_t at = 0;  // index of the line that is being handled
  bool in_layout = true;
  Machine machine;
  Uevents uevents;
  Processes processes;
  Input input;
  Report report;
};

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_SESSION_H_
