// SPDX-License-Identifier: GPL-2.0-or-later
//
// Machines as a line of letters, a block each, from block 4 on:
//
//   d 3 n m   online in DMA, DMA32, Normal, Movable      |   a hole in the block numbers
//   .         offline                                    /   from here on node 1
//
//   Rig rig(Layout("3nn|..", "6.1"));
//   const BlockId dimm = BlockNumber(3);
#ifndef REGRESS_UNIT_LAYOUT_H_
#define REGRESS_UNIT_LAYOUT_H_

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "model/mm/kernel.h"
#include "model/mm/zone.h"
#include "regress/unit/harness.h"

namespace hotplug::testing {

inline constexpr uint32_t kHoleBlocks = 20;
inline constexpr char kZoneLetters[] = "d3nm";

inline uint8_t KernelRow(const std::string& name) {
  for (uint8_t row = 0; row < mm::kNrKernels; ++row) {
    if (name == mm::kKernels[row].name) return row;
  }
  FAIL("no kernel is called " << name);
  return 0;
}

inline mm::BootConfig Layout(const std::string& letters, const std::string& kernel = "rfc") {
  mm::BootConfig boot = SmallBoot(0);
  boot.kernel = KernelRow(kernel);
  uint8_t nid = 0;
  for (const char letter : letters) {
    if (letter == '/') nid = 1;
    if (letter == '|') {
      boot.gap_index = boot.nr_blocks;
      boot.gap_blocks = kHoleBlocks;
    }
    if (letter == '/' || letter == '|') continue;
    mm::BootBlock& b = boot.blocks[boot.nr_blocks++];
    const char* zone = std::strchr(kZoneLetters, letter);
    b = {nid, zone != nullptr ? static_cast<mm::zone_type>(zone - kZoneLetters) : mm::ZONE_NORMAL,
         false, letter == '.'};
  }
  return boot;
}

// The letter of a zone, of either node.
inline char LetterOf(uint32_t zone_index) { return kZoneLetters[mm::KindOf(zone_index)]; }

// File valid_zones as letters.
inline std::string ValidZonesOf(mm::BlockId block) {
  std::string letters;
  const mm::ValidZones v = mm::valid_zones(block);
  for (uint32_t i = 0; i < v.size; ++i) letters += LetterOf(v.zone[i]);
  return letters;
}

// A machine with notifiers, all of one callback that logs what it is told and refuses what
// `refuse` says:
//
//   "GOING_OFFLINE 5"                      of block 5; with what changes for its node, if so:
//   "OFFLINE 5 nid=0 nid_normal=0"
class ToldRig : public Rig {
 public:
  explicit ToldRig(const mm::BootConfig& boot) : Rig(boot) {
    current_ = this;
    notifiers.call[mm::kProbeCall] = &Callback;
    mm::register_memory_notifier(nb(0));
  }
  Strings log;
  std::vector<mm::memory_notify_arg> args;
  // Refused with -EBUSY.
  std::vector<std::string> refuse;

  static const char* ActionName(uint32_t action) {
    constexpr const char* kActions[] = {"ONLINE",       "GOING_OFFLINE", "OFFLINE",
                                        "GOING_ONLINE", "CANCEL_ONLINE", "CANCEL_OFFLINE"};
    return kActions[__builtin_ctz(action)];
  }

 private:
  static int32_t Callback(const mm::notifier_block&, uint32_t action,
                          const mm::memory_notify_arg& arg) {
    const std::string event =
        std::string(ActionName(action)) + " " + std::to_string(mm::BlockOf(arg.start_pfn).v);
    std::string line = event;
    if (arg.status_change_nid >= 0) line += " nid=" + std::to_string(arg.status_change_nid);
    if (arg.status_change_nid_normal >= 0) {
      line += " nid_normal=" + std::to_string(arg.status_change_nid_normal);
    }
    current_->log.push_back(line);
    current_->args.push_back(arg);
    const bool refused = std::find(current_->refuse.begin(), current_->refuse.end(), event) !=
                         current_->refuse.end();
    return refused ? mm::notifier_from_errno(-EBUSY) : int32_t{mm::NOTIFY_OK};
  }
  inline static ToldRig* current_ = nullptr;
};

// ---- The trace of a Rig's machine --------------------------------------------------------

inline const std::vector<sim::Record>& Records() { return sim::machine->trace.records(); }

// How often it has a trace point.
inline uint32_t CountHere(sim::Tp tp) {
  uint32_t n = 0;
  for (const sim::Record& r : Records()) n += r.tp == tp;
  return n;
}

}  // namespace hotplug::testing

#endif  // REGRESS_UNIT_LAYOUT_H_
