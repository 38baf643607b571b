// SPDX-License-Identifier: GPL-2.0-or-later
//
// A scenario: everything that decides a run, as plain data. The machine, the driver under
// test, the tasks and what each does, the notifiers and what they answer, the injected
// faults, and the schedule. Two forms exist: text (print.cc, parse.h) and bytes (bytes.h);
// docs/scenario-format.md specifies both.
//
// All fields are in canonical form: unused array entries are zero, so that two scenarios
// are equal if and only if operator== says so.
#ifndef MODEL_SCENARIO_SCENARIO_H_
#define MODEL_SCENARIO_SCENARIO_H_

#include <array>
#include <cstdint>
#include <span>

#include "model/limits.h"
#include "model/mm/fault.h"
#include "model/mm/fix.h"
#include "model/mm/function.h"
#include "model/mm/types.h"

namespace hotplug::scenario {

// Fixed-capacity sequence of plain data; entries beyond size are zero.
template <class T, uint32_t kCapacity>
struct List {
  std::array<T, kCapacity> items{};
  uint32_t size = 0;

  static constexpr uint32_t capacity() { return kCapacity; }
  bool full() const { return size == kCapacity; }
  // Appends; false (and no effect) if the list is full.
  bool push(const T& item) {
    if (full()) return false;
    items[size++] = item;
    return true;
  }
  void erase(uint32_t index) {
    for (uint32_t i = index; i + 1 < size; ++i) items[i] = items[i + 1];
    items[--size] = T{};
  }
  T& operator[](uint32_t i) { return items[i]; }
  const T& operator[](uint32_t i) const { return items[i]; }
  T* begin() { return items.data(); }
  T* end() { return items.data() + size; }
  const T* begin() const { return items.data(); }
  const T* end() const { return items.data() + size; }
  bool operator==(const List&) const = default;
};

enum class Zone : uint8_t { kNormal, kMovable };

// One memory block of boot memory.
struct Block {
  uint8_t node = 0;           // 0 .. kMaxNodes-1, never decreasing with the block number
  Zone zone = Zone::kNormal;  // within a node, movable blocks lie above normal ones
  bool reserved = false;      // every page PG_reserved: taken by the kernel or firmware
  bool offline = false;       // offline at the start, like hot-added memory (not reserved)
  bool operator==(const Block&) const = default;
};

struct Machine {
  uint8_t kernel = 0;              // row of the table of kernel profiles
  uint32_t fixes = 0;              // of the core, a bit for each; not in the byte form
  bool debug_vm = false;           // CONFIG_DEBUG_VM
  bool auto_online = false;        // memhp_auto_online
  bool kmemleak = false;           // CONFIG_DEBUG_KMEMLEAK
  bool memmap_on_memory = false;   // memory_hotplug.memmap_on_memory
  uint8_t pcp_high = 0;            // pages that a per-CPU list keeps, 0 .. kMaxPcpHigh
  uint8_t pagevec = 0;             // pages that wait on a CPU for the LRU, 0 .. kMaxPagevec
  uint8_t block_order = 2;         // log2(pages of a memory block), 2 .. 15
  uint8_t pageblock_order = 2;     // <= block_order
  uint8_t max_order = 2;           // largest buddy order, inclusive; <= block_order, kMaxOrder
  uint8_t first_block = 4;         // number of the lowest block (>= 1, or the block is reserved)
  List<Block, kMaxBlocks> blocks;  // >= 1
  bool operator==(const Machine&) const = default;
};

// What a task is called. The number behind it, as in "walker-3", is the task's position
// counted from 1; every task may do everything.
enum class Role : uint8_t { kMemtrace, kUser, kWalker, kAlloc, kKill, kFirmware };
inline constexpr uint32_t kRoles = 6;

// Each has a row in ops.h, which says what it does.
enum class OpKind : uint8_t {
  kWriteEnable,
  kReadEnable,
  kWriteState,
  kWriteOnline,
  kAlloc,
  kFree,
  kGet,
  kPut,
  kKill,
  kAfter,
  kSleep,
  kWriteProbe,
  kRemove,
  kAdd,
  kReadTrace,
  kMmapTrace,
  kWriteAutoOnline,
  kRegister,
  kUnregister,
  kAllocContig,
  kFreeContig,
  kPoison,
  kReadTraceAt,
  kMmapTraceAt,
  kOfflineAndRemove,
};
inline constexpr uint32_t kOpKinds = 25;

// Words for `state` and `auto_online_blocks`; kGarbage stands for any string that the kernel does
// not know.
enum class StateWord : uint8_t { kOffline, kOnline, kOnlineKernel, kOnlineMovable, kGarbage };
inline constexpr uint32_t kStateWords = 5;

enum class Mobility : uint8_t { kUnmovable, kMovable };

// SIGINT has its default action (it kills), SIGUSR1 has a handler (it interrupts only).
enum class Signal : uint8_t { kInt, kUsr1, kKill };
inline constexpr uint32_t kSignals = 3;

// One operation of a task. Only the members that its kind has operands in (ops.h) are used, others
// are zero.
struct Op {
  OpKind kind = OpKind::kWriteEnable;
  uint8_t task = 0;      // which task does it: index into Scenario::tasks
  uint8_t block = 0;     // index into Machine::blocks
  uint8_t blocks = 0;    // from that one on, as far as there are any
  uint8_t arg = 0;       // StateWord, a digit, Mobility or Signal
  uint8_t order = 0;     // log2(pages)
  uint8_t node = 0;      // one with memory
  uint8_t target = 0;    // index into Scenario::tasks
  uint16_t page = 0;     // offset within the block, in pages
  uint8_t notifier = 0;  // index into Scenario::notifiers
  uint64_t value = 0;    // bytes, or ticks
  uint64_t length = 0;   // bytes
  bool operator==(const Op&) const = default;
};

struct Task {
  Role role = Role::kMemtrace;
  bool operator==(const Task&) const = default;
};

// A notifier registered before the first task starts, in the order of the list, unless it is
// left to a task to do so. Its name is a letter: the first is A.
struct Notifier {
  int16_t priority = 0;
  bool unregistered = false;
  bool operator==(const Notifier&) const = default;
};

// "To ACTION (of BLOCK, the NTH time) answer VALUE"; without a rule that matches a notifier
// answers NOTIFY_OK. The first matching rule in the list counts.
struct Answer {
  uint8_t notifier = 0;                    // index into Scenario::notifiers
  uint8_t action = mm::MEM_GOING_OFFLINE;  // MEM_*
  uint8_t block = kAnyBlock;               // index into Machine::blocks, or kAnyBlock
  uint8_t nth = 0;                         // 1 = the first matching call; 0 = every one
  uint32_t value = 0;                      // the raw return value, two's complement
  static constexpr uint8_t kAnyBlock = 255;
  bool operator==(const Answer&) const = default;
};

// Kernel functions that can be made to fail.
using mm::FaultSite;

// The nth call (1 = the first) of a function fails with an errno, one of mm::FaultErrnos().
struct Fault {
  FaultSite site = FaultSite::kAddMemory;
  uint8_t nth = 1;
  uint8_t error = ENOMEM;  // positive
  bool operator==(const Fault&) const = default;
};

// Something that a task does. Of its members only those that its kind has are used.
struct Event {
  sim::AnchorKind kind = sim::AnchorKind::kNone;
  uint8_t action = 0;    // kDelivery: MEM_*
  uint8_t block = 0;     // kDelivery: index into Machine::blocks
  uint8_t notifier = 0;  // kDelivery: index into Scenario::notifiers, or kOfDriver
  uint16_t row = 0;      // kLock, kUnlock: mm::LockClass; kFunction: row of FunctionName()
  static constexpr uint8_t kOfDriver = 255;
  bool operator==(const Event&) const = default;
};

// Go on with OTHER after TASK's own STEP-th scheduling point (1 = the first), or anchored: before
// or after the NTH time (1 = the first) that TASK does something. No effect if OTHER is not ready
// then. Of two entries for the same place the first counts, anchored ones first.
struct Preemption {
  uint8_t task = 0;
  uint8_t other = 0;
  uint16_t step = 0;  // kStep
  When when = When::kStep;
  Event event = {};  // kBefore, kAfter
  uint16_t nth = 0;  // kBefore, kAfter
  bool operator==(const Preemption&) const = default;
};

struct Scenario {
  Machine machine;
  uint8_t driver = 0;  // row of the table of drivers
  uint32_t fixes = 0;  // of the driver, a bit for each of its own; not in the byte form
  List<Notifier, kMaxNotifiers> notifiers;
  List<Answer, kMaxAnswers> answers;  // grouped by notifier, in the notifiers' order
  List<Task, kMaxTasks> tasks;        // >= 1
  List<Op, kMaxOps> ops;              // grouped by task, in the tasks' order
  List<Fault, kMaxFaults> faults;
  List<Preemption, kMaxPreemptions> schedule;
  bool operator==(const Scenario&) const = default;
};

// Names of things that other rooms define, which texts use instead of numbers.
struct Names {
  const char* const* drivers = nullptr;
  uint32_t nr_drivers = 0;
  const char* const* kernels = nullptr;
  uint32_t nr_kernels = 0;
  mm::Fixes (*driver_fixes)(uint32_t driver) = [](uint32_t) { return mm::Fixes{}; };
  mm::Fixes kernel_fixes = {};
  // The notifier callback of a driver; null if it has none.
  const char* (*callback)(uint32_t driver) = [](uint32_t) -> const char* { return nullptr; };
  // Functions that tell only that they are over, behind those of mm::Fn.
  std::span<const char* const> ends = {};
};

// Functions that preemptions can be anchored at: before and after those of mm::Fn, which come
// first, after all others.
inline uint32_t NrFunctions(const Names& names) {
  return mm::kNrFunctions + static_cast<uint32_t>(names.ends.size());
}
inline const char* FunctionName(const Names& names, uint32_t row) {
  return row < mm::kNrFunctions ? mm::kFunctionNames[row] : names.ends[row - mm::kNrFunctions];
}

// Null if the scenario keeps all the rules above; otherwise a sentence about the first one
// that it breaks. `names` bounds the rows of drivers, kernels and fixes.
const char* Invalid(const Scenario& s, const Names& names);

// Pages of a memory block, and bytes of a page.
inline uint32_t PagesPerBlock(const Machine& m) { return uint32_t{1} << m.block_order; }
inline uint64_t PageBytes(const Machine& m) { return kBlockBytes >> m.block_order; }
// Where a block begins, given its index.
inline uint64_t BlockAddress(const Machine& m, uint32_t block) {
  return (m.first_block + uint64_t{block}) << kBlockShift;
}

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_SCENARIO_H_
