// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/messages.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fuzz/fidelity/instrument/instrument.h"
#include "fuzz/fidelity/recording/recording.h"
#include "model/mm/page.h"
#include "model/mm/tracepoints.h"

namespace hotplug::replay {

namespace {

using mm::BlockId;
using Texts = std::vector<std::string>;

constexpr const char* kIsolationFailed = "failure to isolate range";

// The address at which a block begins, or would begin.
uint64_t Physical(uint64_t block) {
  return block << world::geometry().block_order << mm::PageShift();
}

// The pages of a block that are onlined and offlined, as the kernel prints ranges.
std::string MemRange(uint32_t block) {
  const uint64_t vmemmap = mm::BlockAt(BlockId{block}).nr_vmemmap_pages;
  const uint64_t start = Physical(block) + (vmemmap << mm::PageShift());
  return absl::StrFormat("[mem 0x%08x-0x%08x]", start, Physical(uint64_t{block} + 1) - 1);
}

std::string OfflineFailed(uint32_t block, const char* reason) {
  return absl::StrCat("memory offlining ", MemRange(block), " failed due to ", reason);
}

Texts Dump(const char* reason) {
  return {"page: refcount:# mapcount:# pfn:#", absl::StrCat("page dumped because: ", reason)};
}

Texts Warning(const Machine& machine, Texts texts, const char* where) {
  if (!machine.config_bug) return {};  // CONFIG_BUG=n: WARN is silent
  texts.push_back(absl::StrCat("WARNING at ", where));
  return texts;
}

Texts Bug(const Machine& machine, const char* file, const char* function) {
  Texts texts;
  if (machine.config_bug) texts.push_back(absl::StrCat("kernel BUG at ", file, ":#"));
  texts.push_back("invalid opcode");
  texts.push_back(absl::StrCat("RIP ", function));
  return texts;
}

std::string RegionBusy(const sim::Record& r) {
  const uint64_t start = Physical(r.a);
  const uint64_t end = Physical(uint64_t{r.a} + r.b);
  return absl::StrFormat("Unable to reserve System RAM region: %016x->%016x", start, end);
}

std::string RemoveGranularity(const sim::Record& r) {
  const uint64_t start = Physical(r.a);
  const uint64_t end = Physical(uint64_t{r.a} + r.b);
  return absl::StrFormat("Refuse to remove 0x%x - 0x%x,wrong granularity", start, end);
}

std::string RemoveOnlined(uint32_t block) {
  const uint64_t start = Physical(block);
  const uint64_t end = Physical(uint64_t{block} + 1) - 1;
  return absl::StrFormat("removing memory fails, because memory [0x%016x-0x%016x] is onlined",
                         start, end);
}

// Why a block was not offlined, in the kernel's words; null for records of something else.
const char* OfflineFailure(sim::Tp tp) {
  switch (tp) {
    case mm::kTpOfflineFailedIsolate:
      return kIsolationFailed;
    case mm::kTpOfflineFailedNotifier:
      return "notifier failure";
    case mm::kTpOfflineFailedSignal:
      return "signal backoff";
    case mm::kTpOfflineFailedUnmovable:
      return "unmovable page";
    case mm::kTpOfflineFailedHole:
      return "memory holes";
    case mm::kTpOfflineFailedZones:
      return "multizone range";
    default:
      return nullptr;
  }
}

// Why a page was dumped; null for records of something else.
const char* DumpReason(sim::Tp tp) {
  switch (tp) {
    case mm::kTpDumpUnmovable:
      return "unmovable page";
    case mm::kTpDumpMigration:
      return "migration failure";
    case mm::kTpDumpIsolation:
      return "isolation failed";
    default:
      return nullptr;
  }
}

}  // namespace

std::vector<std::string> KernelMessages(const sim::Record& r, const Machine& machine) {
  if (const char* reason = OfflineFailure(r.tp)) return {OfflineFailed(r.a, reason)};
  if (const char* reason = DumpReason(r.tp)) return Dump(reason);
  switch (r.tp) {
    case mm::kTpOfflinedPages:
      return {absl::StrCat("Offlined Pages ", r.a)};
    case mm::kTpOnlineFailed:
      return {absl::StrCat("online_pages ", MemRange(r.a), " failed")};
    case mm::kTpMigrationFailed:
      return {"migrating pfn # failed ret:#"};
    case mm::kTpIsolateFailed:
      return {"failed to isolate pfn #"};
    case mm::kTpRegisterTwice:
      return Warning(machine, {"notifier callback probe_cb already registered"},
                     "kernel/notifier.c:# notifier_chain_register");
    case mm::kTpRegionBusy:
      return {RegionBusy(r)};
    case mm::kTpRemoveOnlined:
      return {RemoveOnlined(r.a)};
    case mm::kTpRemoveGranularity:
      return {RemoveGranularity(r)};
    case mm::kTpRemoveFailed:
      return {absl::StrCat("offline_and_remove_memory: Failed to remove memory: ",
                           static_cast<int32_t>(r.a))};
    case mm::kTpReonlineFailed:
      return {absl::StrCat("try_reonline_memory_block: Failed to re-online memory: ",
                           static_cast<int32_t>(r.a))};
    case mm::kTpWarnInUse:
      return Warning(machine, {absl::StrCat(r.a, " pages are still in use!")},
                     "mm/page_alloc.c:# free_contig_range");
    case mm::kTpBugRemove:
      return Bug(machine, "mm/memory_hotplug.c", "__remove_memory");
    case mm::kTpBugOfflineCount:
    case mm::kTpBugOfflineBuddy:
    case mm::kTpBugIsolatedCount:
    case mm::kTpBugNotBuddy:
      return Bug(machine, "mm/page_alloc.c", "__offline_isolated_pages");
    case instrument::kTpInjecting:
      return {absl::StrFormat("Injecting error (%d) to MEM_%s", static_cast<int32_t>(r.a),
                              recording::ActionName(r.b))};
    case instrument::kTpOfflineFailed:
      return {absl::StrCat("memory memory", r.a, ": Offline failed.")};
    default:
      return {};
  }
}

std::string OfflineFailedToIsolate(BlockId block) {
  return OfflineFailed(block.v, kIsolationFailed);
}

}  // namespace hotplug::replay
