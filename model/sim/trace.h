// SPDX-License-Identifier: GPL-2.0-or-later
//
// The trace: one compact record for everything that happens, and a rolling 64-bit digest
// over all of them. Recording is always on for the digest; the records themselves are kept
// when the caller asks for them.
//
// sim does not know what the events mean. Each room numbers its own trace points within its
// range and describes them in a table (name, format), from which reports print the records.
#ifndef MODEL_SIM_TRACE_H_
#define MODEL_SIM_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hotplug::sim {

// Number of a trace point. Digests contain it, so a point never gets another one.
using Tp = uint16_t;

// The numbers of a room, both ends included.
struct TpRange {
  Tp first;
  Tp last;
  constexpr bool contains(Tp tp) const { return first <= tp && tp <= last; }
};
inline constexpr TpRange kSimPoints = {1, 63};
inline constexpr TpRange kMmPoints = {64, 191};
inline constexpr TpRange kDriverPoints = {192, 215};
inline constexpr TpRange kShimPoints = {216, 223};
inline constexpr TpRange kActorPoints = {224, 247};
inline constexpr TpRange kShimWorkPoints = {248, 255};  // work, timers and devices of model/shim
inline constexpr TpRange kInstrumentPoints = {256, 319};
inline constexpr TpRange kTreePoints = {320, 351};
// No points: functions of the tree world, by the rows of anchors.
inline constexpr TpRange kTreeFunctions = {512, 1023};

// Whether each range begins after the end of the one before it.
template <size_t n>
consteval bool AreApart(const TpRange (&ranges)[n]) {
  for (size_t i = 0; i < n; ++i) {
    if (ranges[i].first > ranges[i].last) return false;
    if (i > 0 && ranges[i].first <= ranges[i - 1].last) return false;
  }
  return true;
}
static_assert(AreApart({kSimPoints, kMmPoints, kDriverPoints, kShimPoints, kActorPoints,
                        kShimWorkPoints, kInstrumentPoints, kTreePoints, kTreeFunctions}));

// How a trace point prints. `function` is the kernel function (or our own actor) in which
// the event happens; `format` names the three operands:
//   %d signed, %u unsigned, %x hexadecimal, %f pfn, %b block (memoryN), %a notifier action,
//   %k action << 16 | block, %e errno (0 or negative), %v a notifier's raw answer, %n
//   notifier, %s block state, %l lock, %t task, %o task that owns a lock, %g signal, %W file
//   word, %A physical address of a pfn, %P the same without leading zeros, %R physical range of
//   blocks (number of those behind the first << 16 | the first), %T what a driver in C has said,
//   by its number, %_ nothing (skips the operand). %B, the size of a block, takes no operand.
// `log` marks what the kernel prints with printk: the format is the message.
struct TracePoint {
  Tp id;
  const char* function;
  const char* format;
  bool log = false;
};

// Whether a table keeps to the range of its room, and gives no number twice.
constexpr bool KeepsTo(const TpRange& range, std::span<const TracePoint> table) {
  for (size_t i = 0; i < table.size(); ++i) {
    if (!range.contains(table[i].id)) return false;
    for (size_t k = 0; k < i; ++k) {
      if (table[k].id == table[i].id) return false;
    }
  }
  return true;
}

struct Record {
  uint32_t step = 0;  // number of the step that it belongs to
  Tp tp = 0;
  uint16_t task = 0;
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;
};

// Mixes one 64-bit word into a digest.
inline uint64_t MixDigest(uint64_t digest, uint64_t word) {
  digest = (digest ^ word) * 0x9e3779b97f4a7c15u;
  return digest ^ (digest >> 29);
}

inline uint64_t MixRecord(uint64_t digest, const Record& r) {
  const uint64_t head = uint64_t{r.step} << 32 | uint64_t{r.tp} << 16 | r.task;
  digest = MixDigest(digest, head ^ (uint64_t{r.c} * 0xff51afd7ed558ccdu));
  return MixDigest(digest, uint64_t{r.a} << 32 | r.b);
}

// The records of one run, kept by the host and reused from run to run.
class TraceBuffer {
 public:
  void Reset(bool keep) {
    keep_ = keep;
    records_.clear();
  }
  void Add(const Record& r) {
    if (keep_) [[unlikely]] {
      Keep(r);
    }
  }
  bool keeps() const { return keep_; }
  const std::vector<Record>& records() const { return records_; }

 private:
  // Out of the way of the runs that keep none.
  [[gnu::noinline, gnu::cold]] void Keep(const Record& r) { records_.push_back(r); }

  bool keep_ = false;
  std::vector<Record> records_;
};

}  // namespace hotplug::sim

#endif  // MODEL_SIM_TRACE_H_
