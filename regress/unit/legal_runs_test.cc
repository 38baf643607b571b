// SPDX-License-Identifier: GPL-2.0-or-later
//
// The invariants say nothing about what is legal. Method: the runs of regress/legal, each of
// which a careless version of a check would not survive, under the RFC's memtrace, with
// CONFIG_DEBUG_VM off and on, recorded to their end. Goal: no violation, the warnings that
// docs/invariants.md names, and the run is the one that it is meant to be.
#include <algorithm>
#include <filesystem>

#include "model/sim/tracepoints.h"
#include "regress/unit/harness.h"

namespace hotplug {
namespace {

using run::Outcome;
using run::RunOptions;
using testing::Count;
using testing::Deliveries;
using testing::Rc;

const char kFolder[] = "regress/legal/";

// ---- What makes a run the one that it is meant to be ------------------------------------

// Position of the first record that is of trace point `tp`, with that first operand and of
// that task unless they are negative; or a large number.
constexpr size_t kNever = SIZE_MAX;
size_t At(sim::Tp tp, int64_t a = -1, int task = -1) {
  const auto& trace = run::Trace();
  for (size_t i = 0; i < trace.size(); ++i) {
    const sim::Record& r = trace[i];
    if (r.tp == tp && (a < 0 || r.a == a) && (task < 0 || r.task == task)) return i;
  }
  return kNever;
}
bool Happens(sim::Tp tp, int64_t a = -1, int task = -1) { return At(tp, a, task) != kNever; }

bool Told(const std::string& delivery) {
  const auto all = Deliveries();
  return std::find(all.begin(), all.end(), delivery) != all.end();
}

// A task had to wait for a lock of the class.
bool Waited(int task, mm::LockClass lock) { return Happens(sim::kTpContended, lock, task); }

// The first record of the state of a block.
size_t StateRecord(uint32_t block, uint32_t state) {
  const auto& trace = run::Trace();
  for (size_t i = 0; i < trace.size(); ++i) {
    const sim::Record& r = trace[i];
    if (r.tp == mm::kTpBlockState && r.a == block && r.b == state) return i;
  }
  return kNever;
}

uint32_t StateAtEnd(uint32_t block) {
  for (const run::BlockEnd& end : run::BlocksAtEnd()) {
    if (end.number == block) return end.state;
  }
  return UINT32_MAX;
}
bool Removed(uint32_t block) { return StateAtEnd(block) == 0; }

bool HiddenByAnAnswer() {
  return Told("MEM_GOING_OFFLINE 4 B") && Told("MEM_CANCEL_OFFLINE 4 A") &&
         !Told("MEM_CANCEL_OFFLINE 4 B");
}
bool HeldOverTheScan() {
  return Rc(1) == 0 && Told("MEM_CANCEL_OFFLINE 5 driver") &&
         Happens(mm::kTpOfflineFailedUnmovable);
}
bool HealedAfterTheReturn() {
  return HeldOverTheScan() &&
         At(mm::kTpWarnInUse) < At(scenario::EndOf(scenario::OpKind::kWriteEnable)) &&
         At(scenario::EndOf(scenario::OpKind::kWriteEnable)) <
             At(scenario::EndOf(scenario::OpKind::kPut));
}
bool ReturnedWhileOnlining() {
  return At(mm::kTpMemmapInit, 0x18, 2) < At(scenario::EndOf(scenario::OpKind::kWriteEnable)) &&
         At(scenario::EndOf(scenario::OpKind::kWriteEnable)) < At(mm::kTpOnlinePages, 6, 2);
}
bool Migrated() {
  const auto& trace = run::Trace();
  const auto moved = [](const sim::Record& r) { return r.tp == mm::kTpMigratePage && r.c == 1; };
  return std::any_of(trace.begin(), trace.end(), moved) && StateAtEnd(4) == mm::MEM_OFFLINE;
}
bool AllocatedWhileOnlining() {
  return Rc(1) == 0 && At(mm::kTpOnlineChunk) < At(mm::kTpAllocPages) &&
         At(mm::kTpAllocPages) < StateRecord(5, mm::MEM_ONLINE);
}
bool OfflinedByTheUser() {
  return Rc(1) == 0 && Rc(2) == 0 && Happens(mm::kTpPageRefDec, -1, 1) && Removed(4) && Removed(5);
}
bool AddedBackAndUsed() { return Rc(1) == 0 && Rc(3) == 0 && Happens(mm::kTpMemmapInit, 16); }
bool CalledForTheUser() {
  return Happens(mm::kTpPageRefDec, -1, 1) && Happens(mm::kTpPageRefInc, -1, 1) && Removed(5);
}
bool TookNothing() { return Rc(0) == 0 && Happens(mm::kTpContigFailed); }
bool StaleFlag() {
  return Removed(5) && Told("MEM_CANCEL_OFFLINE 6 driver") && !Told("MEM_GOING_OFFLINE 6 driver") &&
         !Happens(mm::kTpPageRefInc);
}
bool AllBackOnline() {
  return Rc(3) == 0 && StateAtEnd(5) == mm::MEM_ONLINE && StateAtEnd(6) == mm::MEM_ONLINE;
}
bool IsolatedAround() {
  return Rc(1) == 0 && Rc(2) == -ENOMEM && Rc(3) == -EBUSY && Happens(mm::kTpTestIsolated, 24, 0);
}
bool ReleasedMeanwhile() {
  return At(sim::kTpUnlock, mm::kMemHotplugLock, 1) < At(mm::kTpGrabRange);
}
bool RanMeanwhile() {
  return Count(sim::kTpSleep) != 0 && At(mm::kTpAllocPages) < StateRecord(4, mm::MEM_OFFLINE) &&
         Rc(0) == 0 && Rc(1) == 0;
}
bool WaitedForThePage() { return Happens(sim::kTpSpin) && StateAtEnd(4) == mm::MEM_OFFLINE; }
bool LetGo() { return StateAtEnd(4) == mm::MEM_ONLINE; }
bool OnlinedWhenAdded() { return StateAtEnd(5) == mm::MEM_ONLINE && Happens(sim::kTpSleep); }
bool StaysOffline() { return Removed(4) && StateAtEnd(5) == mm::MEM_OFFLINE; }
bool PlainMemory() {
  // When memtrace removes the block its pages are nobody's: the user has had it online again.
  return Rc(0) == 0 && Rc(1) == 0 && Rc(2) == 0 && Removed(4);
}
bool ProbedMeanwhile() {
  // The driver removed the block, the user added it, and so the driver could not.
  return Rc(1) == 0 && Rc(2) == 0 && At(mm::kTpRemoveMemory, 4, 0) < At(mm::kTpAddMemory, 4, 1) &&
         At(mm::kTpAddMemory, 4, 1) < At(mm::kTpAddMemory, 4, 0) && StateAtEnd(4) == mm::MEM_ONLINE;
}
bool OnePageIsLost() {
  const run::BlockEnd end = run::BlocksAtEnd()[0];
  return Happens(mm::kTpWarnInUse) && end.free == 3 && end.page_offline == 0;
}
bool NothingToSplit() {
  return Happens(mm::kTpRemoveMemory, 4) && Rc(1) == 0 && !Happens(mm::kTpReleaseFailed) &&
         StateAtEnd(4) == mm::MEM_ONLINE;
}
bool ComesAndGoes() {
  return Rc(0) == 0 && Rc(1) == 0 && Rc(2) == 0 && Told("MEM_GOING_OFFLINE 4 A") &&
         !Told("MEM_OFFLINE 4 A") && !Told("MEM_GOING_OFFLINE 4 B") && Told("MEM_OFFLINE 4 B");
}
bool OnlinedByNobody() {
  return Rc(1) == 0 &&
         At(mm::kTpAddMemory, 4) < At(scenario::EndOf(scenario::OpKind::kWriteAutoOnline)) &&
         StateAtEnd(4) == mm::MEM_OFFLINE;
}
bool LeftAbsent() { return Removed(4) && !Happens(mm::kTpMemmapInit, 16, 0); }
bool SeenByNobody() { return Rc(0) == 0 && Rc(2) == -ENOENT; }
bool StillThere() { return Rc(0) == 0 && StateAtEnd(4) == mm::MEM_ONLINE; }
bool OpenedAndGone() { return Rc(1) == 0 && Rc(2) == -EIO; }
bool NoArray() { return Rc(0) == -EINVAL && Rc(1) == 0 && Rc(2) == 0; }
bool UnregisterWaited() {
  return Waited(0, mm::kMemoryChain) && At(mm::kTpNotifierCall, -1, 1) < At(mm::kTpUnregister);
}
bool OfAnotherBlock() { return Told("MEM_CANCEL_OFFLINE 6 driver") && Removed(5); }
bool AlreadyOffline() { return Rc(1) == 0 && Removed(5); }
bool DeviceGone() { return Rc(1) == -ENODEV && Removed(4) && Removed(5); }
bool NotIsolated() { return Rc(1) == -EBUSY && !Told("MEM_CANCEL_OFFLINE 5 driver") && Removed(5); }
bool LoneCancel() {
  return Rc(1) == -EBUSY && Deliveries().front() == "MEM_CANCEL_OFFLINE 5 driver" && Removed(5);
}
bool AddedBack() { return Rc(1) == 0 && Rc(2) == 0 && Rc(3) == 0 && Happens(mm::kTpAddMemory); }
bool ContigFirst() { return Rc(1) == -EBUSY && Removed(4); }
bool OfflineFirst() { return Rc(0) == 0 && Rc(1) == 0 && StateAtEnd(5) == mm::MEM_ONLINE; }
bool NobodyGotThem() {
  // The other allocation came so far as to isolate them, and found that they are not free.
  return Rc(1) == -ENXIO && Happens(mm::kTpTestIsolated, 16, 2) &&
         !Happens(mm::kTpGrabRange, 16, 2);
}
bool RegisterWaited() { return Waited(0, mm::kMemoryChain) && Rc(0) == 0 && Removed(5); }
bool FirstRefused() { return !Happens(mm::kTpAddMemory) && StateAtEnd(4) == mm::MEM_ONLINE; }

struct Row {
  const char* file;
  bool (*is_meant)();
  uint32_t warnings = 0;
  bool benign = false;  // ends stuck, on what somebody may hold
};

const Row kRows[] = {
    {"I1", &HeldOverTheScan},
    {"I2", &Migrated},
    {"I3", &AllocatedWhileOnlining},
    {"I4", &OfflinedByTheUser},
    {"I5", &AddedBackAndUsed},
    {"I5-absent", &LeftAbsent},
    {"I6", &CalledForTheUser},
    {"I7", &HealedAfterTheReturn, 1},
    {"I7-onlining", &ReturnedWhileOnlining},
    {"I8", &TookNothing},
    {"I7-poison", &OnePageIsLost, 1},
    {"I8-entry-end", &NothingToSplit},
    {"I9", &StaleFlag},
    {"I10", &AllBackOnline},
    {"I10-contig", &IsolatedAround},
    {"I11", &ReleasedMeanwhile},
    {"I12", &RanMeanwhile},
    {"I13", &WaitedForThePage},
    {"I13-benign", &LetGo, 0, true},
    {"I13-freed", &LetGo, 0, true},
    {"I14", &OnlinedWhenAdded},
    {"I15", &StaysOffline},
    {"I15-auto-online", &OnlinedByNobody},
    {"I15-plain-memory", &PlainMemory},
    {"I15-probe", &ProbedMeanwhile},
    {"I16", &SeenByNobody},
    {"I17", &StillThere},
    {"I18", &HiddenByAnAnswer},
    {"I18-registered", &ComesAndGoes},
    {"I19", &OpenedAndGone},
    {"K2", &NoArray},
    {"N1", &UnregisterWaited},
    {"N2", &OfAnotherBlock},
    {"N3", &AlreadyOffline},
    {"N4", &DeviceGone},
    {"N5", &NotIsolated},
    {"N6", &LoneCancel},
    {"N7", &DeviceGone},
    {"N8", &AddedBack},
    {"N9-contig-first", &ContigFirst},
    {"N9-offline-first", &OfflineFirst},
    {"N10", &NobodyGotThem},
    {"N11", &RegisterWaited},
    {"N12", &FirstRefused},
};

TEST_CASE("nothing is raised about a legal run") {
  for (const Row& row : kRows) {
    for (const bool debug_vm : {false, true}) {
      for (const bool full : {false, true}) {
        scenario::Scenario s = testing::Load(kFolder + std::string(row.file) + ".scn").scenario;
        s.machine.debug_vm = debug_vm;
        RunOptions options;
        options.on_violation = run::OnViolation::kRecord;
        options.full_checks = full;
        options.keep_trace = true;
        const Outcome o = run::Run(s, options);
        INFO(row.file << " debug_vm=" << debug_vm << " full=" << full);
        CHECK(o.verdict == run::Verdict::kOk);
        CHECK(o.nr_violations == 0);
        CHECK((o.first() == nullptr ? "" : invariants::Name(o.first()->id)) == std::string());
        CHECK(o.nr_warnings == row.warnings);
        CHECK(o.stuck_benign == row.benign);
        CHECK(row.is_meant());
      }
    }
  }
}

TEST_CASE("every file of legal runs is one of the table") {
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::string name = entry.path().stem().string();
    INFO(name);
    CHECK(std::any_of(std::begin(kRows), std::end(kRows),
                      [&](const Row& row) { return row.file == name; }));
  }
}

}  // namespace
}  // namespace hotplug
