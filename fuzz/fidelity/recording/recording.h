// SPDX-License-Identifier: GPL-2.0-or-later
//
// Recordings of real kernels: their grammar, as data. docs/recording-format.md says what each
// kind of line means.
//
// One table (grammar.cc) has a template for every form of a line. The reader, the printer,
// the comparison of conform and the tests that change recordings all walk that table, so
// there is no second place that knows what a line looks like.
//
//   EV p2 H prio=1000 GOING_OFFLINE block=2 pfn=0x10000 nr=32768 => NOTIFY_OK
//   EV {proc} {name} prio={prio} {action} block={block} pfn={pfn} nr={nr}[...] => {answer}
#ifndef FUZZ_FIDELITY_RECORDING_RECORDING_H_
#define FUZZ_FIDELITY_RECORDING_RECORDING_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hotplug::recording {

// What a line is. Most kinds have a first word of their own; MT, EAT, REQ, PAGES, ZONE and FN
// stand for several.
enum class Kind : uint8_t {
  kMachine,
  kLayout,
  kLayoutEnd,
  kScenario,
  kScenarioEnd,
  kEnd,
  kEndIncomplete,
  // Requests and instrument commands.
  kReq,
  kReqFailed,
  kRet,
  kCall,
  kCtl,
  kSig,
  kDied,
  kWr,
  kRd,
  kInsmod,
  kEat,
  kEatCheck,
  // Observations.
  kEv,
  kSleep,
  kWake,
  kState,
  kChain,
  kPages,
  kPagesNovalid,
  kPagesPoisoned,
  kZone,
  kZoneTotal,
  kUevent,
  kMtAlloc,
  kMtOffline,
  kMtDone,
  kMtAdd,
  kMtOnline,
  kMtFree,
  kMtForgotten,
  kGrab,
  kUngrab,
  kHold,
  kPin,
  kKpf,
  kFnEnter,
  kFnRet,
  kFnCount,
  kKern,
  kInfo,
  kNote,
};

// What a field holds; decides how it is read, printed and changed.
enum class Type : uint8_t {
  kProc,    // pN: N
  kNumber,  // decimal, may be negative
  kHex,     // 0x..., or the decimal operand of `raw`: 32 bits
  kPfn,     // 0x..., a page frame number
  kBlock,   // decimal, a block number
  kName,    // [A-Za-z0-9_]+: of a probe, a function, a label
  kAction,  // ONLINE ... CANCEL_OFFLINE
  kZone,    // DMA ... Device, or - where the grammar allows it
  kErrno,   // OK, -EBUSY, -4095, or a count: the number that it stands for
  kAnswer,  // NOTIFY_OK, or 0x8011 (errno -EBUSY, stops the chain): the raw 32-bit value
  kValue,   // 'V', a string
  kWord,    // state, online, offline, absent ...: no blanks
  kText,    // the rest of the line, or what stands in parentheses
};

// A field of a line. `text` is what stands in the file, `number` what it means where the
// type has a number (two's complement for raw values; -errno for errnos).
struct Field {
  const char* name;  // from the grammar: "block", "pfn", "answer"
  Type type;
  std::string text;
  int64_t number = 0;
  uint32_t column = 0;  // 1-based, in its line; 0 for lines that were not read
};

// What repeats in a line repeats in its fields: STATE has block, state and zones once for each
// block. MACHINE has one field for each key that the grammar knows, named like it, and a field
// `other`, such as "smt=off", for each that it does not.
//
// The command of a CALL or CTL line is fields too: `cmd` is its first word, then come its
// operands by their names in the grammar (name, prio, action, errno, block, nth, ms, ...).
struct Line {
  Kind kind{};
  uint32_t number = 0;             // of the line in its file, 1-based
  std::vector<Field> fields = {};  // as they stand in the line; optional ones may be missing

  const Field* Find(std::string_view name) const;
  Field* Find(std::string_view name);
  // The field's number, or `missing`.
  int64_t Number(std::string_view name, int64_t missing = 0) const;
  std::string_view Text(std::string_view name) const;
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
};

struct File {
  std::string name;         // `# recording NAME`
  std::string kernel;       // `# kernel TEXT`
  std::vector<Line> lines;  // everything below the two comments, MACHINE first
};

// Reads one line (without its newline). The error says FILE:LINE:COLUMN and what was expected.
absl::StatusOr<Line> ParseLine(std::string_view text, std::string_view file, uint32_t number);
// Reads a whole recording: the grammar of every line, the two comments, MACHINE, LAYOUT,
// balance of REQ/RET, CALL/CTL and SCENARIO, an END. InvalidArgument with FILE:LINE:COLUMN.
absl::StatusOr<File> Parse(std::string_view text, std::string_view file);

// A line as it stands in a file, without its newline: Print(ParseLine(x)) == x.
std::string Print(const Line& line);
std::string Print(const File& file);

// ---- Making lines -----------------------------------------------------------------------

// A line of a kind with the named fields, in any order, each given as it stands in a file.
// Checks against the grammar (HOTPLUG_CHECK): what the model writes is always well formed.
// Of fields that repeat the first ones given belong together, then the second ones.
struct NamedText {
  const char* name;
  std::string text;
};
Line Make(Kind kind, std::span<const NamedText> fields);
Line Make(Kind kind, std::initializer_list<NamedText> fields);

// Texts of values, the way recordings spell them.
std::string HexText(uint64_t value);
std::string ErrnoText(int64_t rc);        // OK for 0, -EBUSY, -4095; counts as they are
std::string AnswerText(uint32_t raw);     // NOTIFY_OK, 0x8011 (errno -EBUSY, stops the chain)
const char* ActionName(uint32_t action);  // MEM_* value to name
std::optional<uint32_t> ActionOf(std::string_view name);
const char* KindName(Kind kind);  // the first word, "EV"

// ---- Meanings of texts ------------------------------------------------------------------

// The string that a kValue field stands for: "'a\\'b'" is a'b.
std::string Unquoted(std::string_view value);

// boot_blocks and dimm_blocks of MACHINE: "32-35", both included.
struct BlockRange {
  int64_t first;
  int64_t last;
};
std::optional<BlockRange> RangeOf(std::string_view text);

}  // namespace hotplug::recording

#endif  // FUZZ_FIDELITY_RECORDING_RECORDING_H_
