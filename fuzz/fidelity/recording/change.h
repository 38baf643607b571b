// SPDX-License-Identifier: GPL-2.0-or-later
//
// Recordings of the same behaviour under other names and numbers, and recordings with one
// thing wrong. What replays and compares recordings must not care about the former and must
// see the latter.
#ifndef FUZZ_FIDELITY_RECORDING_CHANGE_H_
#define FUZZ_FIDELITY_RECORDING_CHANGE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "fuzz/fidelity/recording/recording.h"

namespace hotplug::recording {

// Other priorities for probes and the memtrace notifier, in the same order among each other
// and with those of the kernel's own notifiers. Equal ones stay equal; one that the kernel
// uses as well stays what it is.
File RenumberPriorities(const File& file);

// Other names for the probes, the same one everywhere.
File RenameProbes(const File& file);

// The DIMM that many blocks higher or lower, with its page frames and addresses. All that is
// above boot memory moves, so that blocks that were absent still are; it must stay above boot
// memory (HOTPLUG_CHECK). Two blocks are allocated at once only where the first one is even: an
// odd shift is another behaviour. Remarks for people (NOTE) and labels are left alone.
File ShiftDimm(const File& file, int64_t blocks);

struct Change {
  uint32_t line = 0;  // in the file
  Kind kind{};
  std::string field;
  std::string old_text;
  std::string new_text;
};

// The recording with another value in one field below LAYOUT_END, and still one that Parse
// reads. Each field of each kind is as likely as any other. A function of the seed; nothing if
// no change was found.
std::optional<File> ChangeOneField(const File& file, uint64_t seed, Change* what);

}  // namespace hotplug::recording

#endif  // FUZZ_FIDELITY_RECORDING_CHANGE_H_
