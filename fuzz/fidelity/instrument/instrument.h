// SPDX-License-Identifier: GPL-2.0-or-later
//
// The instrument of the recordings, in the model: the processes that write to the files of
// memory blocks, and the module with its probes (notifiers that log and answer what they were
// told to), its memtrace notifier and its commands (docs/recording-format.md).
//
// A process makes one request or one command: Work, run on a task of its own that the host
// drives (sim::StepTask). What it shows is a record with a trace point of this room; where
// three operands do not do, the record says where in State the rest is, valid until the task's
// next step.
//
//   const sim::TaskId p = instrument::Start(work);
//   while (sim::StepTask(p) == sim::Stop::kPaused) { ... new records of sim::machine->trace ... }
#ifndef FUZZ_FIDELITY_INSTRUMENT_INSTRUMENT_H_
#define FUZZ_FIDELITY_INSTRUMENT_INSTRUMENT_H_

#include <array>
#include <cstdint>

#include "model/limits.h"
#include "model/mm/notifier.h"
#include "model/sim/trace.h"

namespace hotplug::instrument {

inline constexpr sim::Region kInstrumentRegion = 10;
// Names that are there from the start: the memtrace notifier of either kind.
inline constexpr uint32_t kRfcName = 0;
inline constexpr uint32_t kFixName = 1;

// What a process does: the requests of section 3 and the commands of section 4 of the
// recordings' README, by their names there.
enum class Op : uint8_t {
  kWriteState,   // REQ file=state: block, text
  kWriteOnline,  // REQ file=online: block, text
  kReg,          // notifier, value = priority
  kUnreg,        // notifier
  kUnregall,
  kNack,     // notifier, action, value = errno, block (kAny), nth (0: every)
  kRaw,      // notifier, action, value = raw answer, block, nth
  kClear,    // notifier
  kSleep,    // notifier, action, value = ms, block
  kPagesat,  // notifier, action
  kZonesat,  // notifier, action
  kMtalloc,  // count = blocks (mode rfc: another gfp, the same zones)
  kMtreg,    // fixed, value = priority
  kMtunreg,
  kMtrun,   // fixed
  kMtfree,  // block, count; count 0: the whole allocation
  kMtfreeok,
  kMtforget,
  kOarm,   // block, count
  kRm,     // block
  kAdd,    // block
  kAddmm,  // block
  kHold,   // block, fixed = movable
  kUnhold,
  kPinlru,  // block
  kUnpin,
  kGrab,    // block, value = page offset
  kUngrab,  // block, or kAny
  kEject,   // block = any of the DIMM: firmware removes it (a kernel worker)
  kDump,    // drains the per-CPU lists, as whoever prints PAGES or ZONE does first
};

inline constexpr uint32_t kAny = UINT32_MAX;

struct Work {
  Op op = Op::kDump;
  bool fixed = false;  // the corrected notifier (mtreg, mtrun); movable (hold)
  std::array<uint8_t, 2> pad{};
  uint32_t notifier = 0;  // index of its name (Name())
  uint32_t action = 0;    // MEM_*
  uint32_t block = kAny;
  uint32_t nth = 0;
  uint32_t count = 0;
  int64_t value = 0;
  std::array<char, 64> text{};  // what is written, NUL-terminated
};

// What the work of a task came to, once it is done.
struct Result {
  int64_t rc;      // bytes written, 0 (OK), or a negative errno
  uint8_t done;    // the task has returned to user space
  uint8_t died;    // by the deadly signal `signal`
  uint8_t signal;  // last signal that was delivered before the return, 0 without one
  uint8_t pad[5];
};

// One call of a notifier, as its EV line shows it.
struct Event {
  uint32_t notifier;
  uint32_t action;
  uint32_t start_pfn;
  uint32_t nr_pages;
  int32_t status_change_nid;
  int32_t status_change_nid_normal;
  int32_t going_offline_before;  // -1 for notifiers that have no such flag
  int32_t priority;
  uint32_t answer;   // raw
  uint8_t pages_at;  // PAGES of the event's block follows
  uint8_t zones_at;  // ZONE follows
  uint8_t pad[2];
};

// ---- Set-up (outside of tasks) -----------------------------------------------------------

// Carves the room's region; part of the set-up of a machine, when the blocks are as boot has
// left them. What lies above the hole in the block numbers is the firmware's DIMM; without a
// hole, what is offline at the top.
void Setup();
// Binds the notifier functions; before the first Start().
void Bind();
// Index of a notifier's name; a new one at the first use. -1 if there are too many, or if it has
// more than kMaxNotifierName characters.
int Name(const char* name);
const char* NameOf(uint32_t index);
// Adds one of the kernel's own notifiers to the chain (in order of equal priority), unless it is
// there: it
// answers NOTIFY_OK and shows nothing. With `injects` it is that of the error injection
// module, which answers with the errno set by SetInjectedError().
void AddKernelNotifier(uint32_t name, int32_t priority, bool injects);
// error files of the injection module: 0 or a negative errno, clamped to -4095 .. 0; what the
// file reads afterwards.
void SetInjectedError(uint32_t action, int64_t error);
int32_t InjectedError(uint32_t action);
// auto_online_blocks: a word; 0, or -EINVAL.
int WriteAutoOnline(const char* word);

// ---- The run ----------------------------------------------------------------------------

// Whether there is room for another process: kMaxThreads may be there that have not ended.
bool HasRoom();
// A process that will do `work`. It runs when it is told to. It takes the place of one that
// has ended, whose result is gone then. There must be room.
sim::TaskId Start(const Work& work);
// A signal of the number, as kill(2) sends it: 10 and 14 have handlers, the others kill.
void Signal(sim::TaskId task, uint32_t number);
const Result& ResultOf(sim::TaskId task);
const Event& EventOf(sim::TaskId task);

// ---- Looking (outside of tasks; changes nothing) -------------------------------------------

// The chain in call order: names and priorities.
struct ChainEntry {
  uint32_t name;
  int32_t priority;
};
uint32_t Chain(ChainEntry* out, uint32_t max);
// First pfn of the memtrace allocation; -1 without one.
int64_t MtBase();

enum : sim::Tp {
  // a = name: EventOf(task) has the rest. A step, at entry of the notifier.
  kTpEvent = sim::kInstrumentPoints.first,
  kTpProbeSleep,      // a = name, b = action, c = ms
  kTpProbeWake,       // a = name
  kTpReturn,          // the write returned, or the command ended: ResultOf(task)
  kTpDied,            // a = signal
  kTpMtAlloc,         // a = base pfn, b = blocks
  kTpMtOffline,       // a = block, b = rc: offline_and_remove_memory()
  kTpMtDone,          // a = base pfn
  kTpMtPages,         // a = block: PAGES at=out_readd_memory
  kTpMtAddMemory,     // a = rc
  kTpMtDeviceOnline,  // a = block, b = rc
  kTpMtFree,          // a = pfn, b = pages
  kTpMtForgotten,     // a = block
  kTpGrab,            // a = pfn, b = refcount
  kTpUngrab,          // a = pfn
  kTpHold,            // a = pfn, b = refcount, c = tries
  kTpPin,             // a = pfn, b = refcount
  kTpInjecting,       // a = error, b = action: "Injecting error (-16) to MEM_GOING_OFFLINE"
  kTpOfflineFailed,   // a = block: "memory memoryN: Offline failed."
};

// clang-format off
inline constexpr sim::TracePoint kTracePoints[] = {
    {kTpEvent,        "probe_cb",        "%u"},
    {kTpProbeSleep,   "probe_cb",        "%u %a sleeps %u ms"},
    {kTpProbeWake,    "probe_cb",        "%u wakes"},
    {kTpReturn,       "return",          "= %e"},
    {kTpDied,         "died",            "signal %u"},
    {kTpMtAlloc,      "alloc_contig_pages", "pfn=%f blocks=%u"},
    {kTpMtOffline,    "mtrun",           "offline_and_remove_memory(%b) = %e"},
    {kTpMtDone,       "mtrun",           "all removed, pfn=%f"},
    {kTpMtPages,      "mtrun",           "%b is not removed"},
    {kTpMtAddMemory,  "mtrun",           "add_memory = %e"},
    {kTpMtDeviceOnline, "mtrun",         "device_online(%b) = %d"},
    {kTpMtFree,       "free_contig_range", "pfn=%f nr=%u"},
    {kTpMtForgotten,  "mtfreeok",        "%b cannot be freed: forgotten"},
    {kTpGrab,         "grab",            "pfn=%f refcount=%d"},
    {kTpUngrab,       "ungrab",          "pfn=%f"},
    {kTpHold,         "hold",            "pfn=%f refcount=%d tries=%u"},
    {kTpPin,          "pinlru",          "pfn=%f refcount=%d"},
    {kTpInjecting,    "notifier_err_inject_callback", "Injecting error (%d) to MEM_%a", true},
    {kTpOfflineFailed, "acpi_scan_hot_remove", "memory %b: Offline failed.", true},
};
// clang-format on
static_assert(sim::KeepsTo(sim::kInstrumentPoints, kTracePoints));

}  // namespace hotplug::instrument

#endif  // FUZZ_FIDELITY_INSTRUMENT_INSTRUMENT_H_
