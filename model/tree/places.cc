// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/tree/places.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/sim/sched.h"
#include "model/tree/call.h"
#include "model/tree/host.h"

namespace hotplug::tree {

namespace {

constexpr size_t kMaxFrames = 32;
constexpr uint32_t kStalls = 64;
constexpr std::string_view kGlue = "model/tree/glue/";

}  // namespace

// A frame pointer is where that of the caller lies, and above it the address behind the call, which
// functions that tell of themselves keep elsewhere.
std::vector<uint32_t> Places::Chain(uint32_t task, const void* frame, uintptr_t pc) const {
  std::vector<uint32_t> chain;
  if (pc != 0) chain.push_back(static_cast<uint32_t>(pc));
  const auto* fp = static_cast<const uintptr_t*>(frame);
  const world_exports& kernel = image_.exports();
  const world_calls& calls = **kernel.calls;
  uint32_t call = calls.nr;
  while (chain.size() < kMaxFrames && OnStack(task, reinterpret_cast<uintptr_t>(fp)) &&
         image_.InText(fp[1])) {
    uintptr_t back = fp[1];
    if (back == reinterpret_cast<uintptr_t>(kernel.function_return) && call != 0) {
      back = reinterpret_cast<uintptr_t>(calls.call[--call].back);
    }
    chain.push_back(static_cast<uint32_t>(back - 1));
    fp = reinterpret_cast<const uintptr_t*>(fp[0]);
  }
  return chain;
}

void Places::Note(const void* frame, uintptr_t pc) {
  if (!sim::machine->trace.keeps() || !InTask()) return;
  const uint32_t task = sim::sim().current;
  entries_[task].push_back({sim::sim().step, Chain(task, frame, pc)});
}

// The function that has the loop is always there; what it calls is not.
bool Places::NoteStall(const void* frame, uintptr_t pc) {
  Note(frame, pc);
  std::vector<const Symbol*> functions;
  const std::vector<uint32_t> chain = Chain(sim::sim().current, frame, pc);
  for (size_t i = chain.size(); i-- > 0;) functions.push_back(image_.SymbolAt(chain[i]));
  if (nr_stalls_++ == 0) stall_ = functions;
  size_t common = 0;
  while (common < std::min(stall_.size(), functions.size()) && stall_[common] == functions[common])
    ++common;
  stall_.resize(std::max<size_t>(common, 1));
  return nr_stalls_ == kStalls;
}

void Places::LookUpAll() {
  if (looked_up_) return;
  looked_up_ = true;
  std::vector<uint32_t> pcs;
  for (const std::vector<Entry>& of_task : entries_) {
    for (const Entry& entry : of_task) {
      for (const uint32_t pc : entry.chain) {
        if (frames_.emplace(pc, std::vector<world::Frame>()).second) pcs.push_back(pc);
      }
    }
  }
  if (pcs.empty() || !lines_) return;
  std::vector<std::vector<world::Frame>> frames = lines_(pcs);
  for (size_t i = 0; i < frames.size(); ++i) frames_[pcs[i]] = std::move(frames[i]);
}

const std::vector<world::Frame>& Places::FramesAt(uint32_t pc) {
  std::vector<world::Frame>& frames = frames_[pc];
  if (frames.empty()) frames.push_back({image_.NameAt(pc), ""});
  return frames;
}

// The last call of the task before that step is the one that has made it.
std::vector<world::Frame> Places::At(uint32_t task, uint32_t step) {
  if (task >= entries_.size()) return {};  // the boot
  LookUpAll();
  const std::vector<Entry>& of_task = entries_[task];
  const auto behind = std::partition_point(of_task.begin(), of_task.end(),
                                           [step](const Entry& e) { return e.step < step; });
  std::vector<world::Frame> frames;
  if (behind == of_task.begin()) return frames;
  for (const uint32_t pc : std::prev(behind)->chain) {
    for (const world::Frame& f : FramesAt(pc)) {
      if (f.place.compare(0, kGlue.size(), kGlue) != 0) frames.push_back(f);
    }
  }
  return frames;
}

}  // namespace hotplug::tree
