// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every limit of the simulated machine, in one place. A limit is a promise: code that
// indexes an array sized here checks against the constant and not against a number.
#ifndef MODEL_LIMITS_H_
#define MODEL_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace hotplug {

// The machine. Fuzzing stays within the kFuzz* limits (the byte form cannot say more);
// texts may describe machines of a real size.
inline constexpr uint32_t kMaxBlocks = 48;            // memory blocks, present or not
inline constexpr uint32_t kFuzzBlocks = 16;           // memory blocks of a fuzzed machine
inline constexpr uint32_t kMaxPagesPerBlock = 32768;  // x86-64: 128 MiB of 4 KiB pages
inline constexpr uint32_t kFuzzPagesPerBlock = 64;
inline constexpr uint32_t kMinPagesPerBlock = 4;
inline constexpr uint32_t kMaxOrder = 12;  // largest buddy order, inclusive
// Page frame numbers are below it, also those in holes: a sum of two fits into 32 bits.
inline constexpr uint32_t kMaxPfn = uint32_t{1} << 31;
inline constexpr uint32_t kMaxNodes = 2;
inline constexpr uint32_t kNrCpus = 2;
inline constexpr uint32_t kMaxPcpHigh = 4;  // pages on a per-CPU list
inline constexpr uint32_t kMaxPagevec = 4;  // pages that wait for the LRU
// The size of a memory block in bytes, whatever the number of its pages: the page size is
// scaled instead, so that byte constants of a driver keep their meaning (256 MiB, powernv).
inline constexpr uint32_t kBlockShift = 28;
inline constexpr uint64_t kBlockBytes = uint64_t{1} << kBlockShift;
// The size of a page where a machine says it.
inline constexpr uint32_t kMinPageBytes = 4096;
inline constexpr uint32_t kMaxPageBytes = kBlockBytes / kMinPagesPerBlock;

// Up to this size a loop over the pages of a block has a scheduling point for each page;
// above it, one for each pageblock.
inline constexpr uint32_t kPagePointsUpTo = 64;

// A scenario.
inline constexpr uint32_t kMaxTasks = 8;
inline constexpr uint32_t kMaxOps = 48;       // of all tasks together
inline constexpr uint32_t kMaxNotifiers = 6;  // besides the driver's own
inline constexpr uint32_t kMaxAnswers = 16;   // answer rules of all notifiers together
inline constexpr uint32_t kMaxFaults = 8;
inline constexpr uint32_t kMaxPreemptions = 96;

// A run.
inline constexpr uint32_t kKworker = kMaxTasks;  // number of the kernel thread that runs work
inline constexpr uint32_t kMaxThreads = kMaxTasks + 1;  // with it
inline constexpr uint32_t kMaxTreeSteps = 60000;        // where each spinlock is a step
inline constexpr uint32_t kFuzzTreeSteps = 8192;        // and inputs come by the million
inline constexpr uint32_t kMaxSteps = 4096;             // then the verdict is `limit`
// Contiguous allocations: each operation may be a call that makes one on each node.
inline constexpr uint32_t kMaxInstances = kMaxOps * kMaxNodes;
inline constexpr uint32_t kMaxAllocations = 64;  // live allocations of ordinary pages
// kmalloc's memory, redzones and quarantine included: enough for an object in each operation.
inline constexpr uint32_t kHeapBytes = 4672;
inline constexpr uint32_t kMaxHeapObjects = kMaxOps;
inline constexpr uint32_t kMaxMappings = 32;    // live ioremap() results
inline constexpr uint32_t kMaxDirs = 32;        // debugfs directories
inline constexpr uint32_t kMaxViolations = 16;  // listed; later ones are counted

// A recording. The place of the kernel thread is for workers of the kernel, and for whoever only
// looks.
inline constexpr uint32_t kMaxProcesses = kMaxTasks;  // at one time
inline constexpr uint32_t kMaxWrite = 63;             // bytes that a process writes to a file
// Names of notifiers: of the kernel's own and of probes, ever; RFC, FIX and the notifier of the
// error injection module are kOwnNotifierNames of them.
inline constexpr uint32_t kMaxNotifierNames = 48;
inline constexpr uint32_t kOwnNotifierNames = 3;
inline constexpr uint32_t kMaxNotifierName = 31;  // characters
inline constexpr uint32_t kMaxGrabbed = 8;        // pages that the instrument holds at one time
inline constexpr uint32_t kMaxRecordingLines = 16384;
inline constexpr uint32_t kMaxRecordingBytes = 1 << 20;

// Virtual time: a step takes one tick. drivers/base/core.c sleeps 5 ms when the hotplug
// lock is taken; at about 4 microseconds a step that would be more ticks than a run has
// steps, so it is scaled to a dozen operations instead.
inline constexpr uint32_t kHotplugPollTicks = 64;

// Virtual memory reserved for the arena of one thread: 48 blocks of 32768 pages.
inline constexpr size_t kArenaBytes = size_t{64} << 20;

}  // namespace hotplug

#endif  // MODEL_LIMITS_H_
