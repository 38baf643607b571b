// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every schedule of a scenario: all states that any of them comes to, each once. A state is what
// decides the future (run::Choices), so that whatever can happen from it is looked at one time,
// however one gets there. With an end the search is a proof: for this scenario, these points and
// this world nothing else can happen.
//
//   explore::Search search(scenario, options, {});
//   const explore::Result r = search.Run();
//   if (r.complete && r.found.empty() && r.nr_endless == 0) ... no schedule fails ...
#ifndef FUZZ_EXPLORE_SEARCH_H_
#define FUZZ_EXPLORE_SEARCH_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "model/run/choices.h"

namespace hotplug::explore {

// Who was chosen at each choice, from the begin on.
using Path = std::vector<uint8_t>;

struct Bounds {
  uint64_t states = 10'000'000;
  // The shortest ways first; or as deep as possible first, which keeps less in memory.
  bool breadth_first = true;
  // Runs again from the begin on for every state, in place of going back to what was kept of it:
  // slow, the same result.
  bool run_again = false;
  // Called at times with the states so far and those that wait; false ends the search.
  std::function<bool(uint64_t states, uint64_t waiting)> go_on = nullptr;
};

// Something that runs can come to: in how many states, and a way there, the shortest of the search.
struct Kind {
  uint64_t states = 0;
  Path path;
};

struct Result {
  uint64_t states = 0;
  uint64_t transitions = 0;
  bool complete = false;              // every state was looked at, and everything is simulated
  std::map<std::string, Kind> ends;   // by what came out: verdict, answers, states of blocks
  std::map<std::string, Kind> found;  // by DEDUP_TOKEN, or what is not simulated
  // States from which no end can be reached, whoever runs: a livelock or a deadlock.
  uint64_t nr_endless = 0;
  Path endless;
};

class Search {
 public:
  Search(const scenario::Scenario& s, const run::RunOptions& options, Bounds bounds);

  Result Run();
  // The scenario with a schedule that goes this way. What cannot be said in 96 entries is left out.
  scenario::Scenario ScheduleOf(const Path& path);

 private:
  struct Node {
    uint32_t parent;
    uint8_t task;
    bool ends;  // the run is over in it
    bool open;  // not looked at
  };
  struct Waiting {
    uint32_t node;
    run::Choices::Saved saved;
  };

  void Expand(const Waiting& w);
  void GoTo(const Waiting& w);
  void Arrive(uint32_t from, uint8_t task, sim::Stop stop);
  // The node of the state that the run is in: a new one, or one that is known.
  std::pair<uint32_t, bool> NodeHere(uint32_t from, uint8_t task);
  void NoteEnd(uint32_t node, bool is_new, sim::Stop stop);
  void FindEndless();
  Path PathTo(uint32_t node) const;

  scenario::Scenario scenario_;
  run::RunOptions options_;
  Bounds bounds_;
  run::Choices run_;
  absl::flat_hash_map<run::StateName, uint32_t> known_;
  std::vector<Node> nodes_;
  std::vector<std::pair<uint32_t, uint32_t>> edges_;
  std::deque<Waiting> waiting_;
  Result result_;
};

// What came out of the run that was the last one, as Result::ends has it: the verdict, what each
// operation answered ("?": it has not), the state of each block. "ok 0 -16 memory4=1 memory5=4".
std::string OutcomeText(const scenario::Scenario& s, const run::Outcome& o);

}  // namespace hotplug::explore

#endif  // FUZZ_EXPLORE_SEARCH_H_
