// SPDX-License-Identifier: GPL-2.0-or-later
//
// The events of the device model. The reader of the socket is late, and may be early against the
// writer's RET: recorded and sent ones are compared as sets.
#ifndef FUZZ_FIDELITY_REPLAY_UEVENTS_H_
#define FUZZ_FIDELITY_REPLAY_UEVENTS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/fidelity/recording/recording.h"

namespace hotplug::replay {

class Uevents {
 public:
  // A recorded one. False if the model has not sent it yet.
  bool Recorded(const recording::Line& line);
  // One that the model sends while the line with that index is handled.
  void Said(const recording::Line& line, size_t at);
  // Blocks added or removed, as far as the model has said.
  int64_t blocks_moved() const { return blocks_moved_; }

  // At the end of a recording: where it is wrong, and what the model has there; nothing if the sets
  // are the same. Of a kernel that died some have not been read any more.
  struct Wrong {
    const recording::Line* line;
    std::string got;
  };
  std::optional<Wrong> FirstWrong(const recording::File& file) const;

 private:
  struct Sent {
    std::string key;
    size_t at;
  };
  bool IsWrong(const std::string& key, bool complete) const;

  std::vector<const recording::Line*> recorded_;
  std::vector<Sent> said_;
  std::map<std::string, int> ahead_;  // said and not recorded yet
  int64_t blocks_moved_ = 0;
};

}  // namespace hotplug::replay

#endif  // FUZZ_FIDELITY_REPLAY_UEVENTS_H_
