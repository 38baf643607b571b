// SPDX-License-Identifier: GPL-2.0-or-later
//
// The operations of tasks: one table, a row for each kind. Both forms of a scenario, its rules,
// the fuzzers' mutations, the minimizer, recordings, `hotplug-fuzz list` and the grammar in
// docs/scenario-format.md walk over it and switch on the types of operands; only actors, which
// carry operations out, have a function for each kind.
//
// A new operation is a value of OpKind, a row here, a place in the table of the byte form
// (byte_ops.cc), and a function in model/actors/program.cc.
#ifndef MODEL_SCENARIO_OPS_H_
#define MODEL_SCENARIO_OPS_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/scenario/scenario.h"
#include "model/sim/tracepoints.h"

namespace hotplug::scenario {

// The type of an operand: which member of Op has it, and what it may be. Two types may share a
// member; no operation has two such operands.
enum class Field : uint8_t {
  kBytes,        // value: a number of bytes, any
  kTicks,        // value: virtual ticks, 1 .. kMaxSleep
  kOrder,        // order: log2(pages), 0 .. kMaxAllocOrder
  kContigOrder,  // order: log2(pages), 0 .. MaxContigOrder()
  kState,        // arg: StateWord
  kDigit,        // arg: 0 or 1
  kMobility,     // arg: Mobility
  kSignal,       // arg: Signal
  kPage,         // page: offset within the block, in pages
  kBlock,        // block: index into Machine::blocks, by its name
  kBlocks,       // blocks: from `block` on, as far as there are any, 1 .. kMaxOpBlocks
  kAddress,      // block: the same, by the physical address at which it begins
  kNode,         // node: one with memory, by its number
  kTrace,        // node: the same, by the name of the driver's folder for it
  kTask,         // target: index into Scenario::tasks
  kNotifier,     // notifier: index into Scenario::notifiers
  kOffset,       // value: bytes from the beginning of a file, a loff_t
  kLength,       // length: bytes, of a file
};
inline constexpr uint32_t kFields = 18;

struct FieldType {
  Field field;
  std::string_view name;         // in the templates below
  std::string_view placeholder;  // for people; empty: one of WordsOf() it
};
inline constexpr std::array<FieldType, kFields> kFieldTypes = {{
    {Field::kBytes, "bytes", "NUMBER"},
    {Field::kTicks, "ticks", "NUMBER"},
    {Field::kOrder, "order", "NUMBER"},
    {Field::kContigOrder, "contig_order", "NUMBER"},
    {Field::kState, "state", "WORD"},
    {Field::kDigit, "digit", ""},
    {Field::kMobility, "mobility", ""},
    {Field::kSignal, "signal", ""},
    {Field::kPage, "page", "NUMBER"},
    {Field::kBlock, "block", "BLOCK"},
    {Field::kBlocks, "blocks", "NUMBER"},
    {Field::kAddress, "address", "NUMBER"},
    {Field::kNode, "node", "NUMBER"},
    {Field::kTrace, "trace", "NODE"},
    {Field::kTask, "task", "TASK"},
    {Field::kNotifier, "notifier", "LETTER"},
    {Field::kOffset, "offset", "NUMBER"},
    {Field::kLength, "length", "NUMBER"},
}};

// What the expect block of a scenario says of an operation.
enum class Told : uint8_t {
  kNothing,  // it is no request to the kernel
  kErrno,    // its result, 0 or a negative errno
  kValue,    // the number that it has read, if nothing failed
};

struct Operation {
  OpKind kind;
  std::string_view text;  // of the text form; {NAME} stands for an operand of a FieldType
  Role role;              // of a task that does mostly this
  // The step that ends it. Those without a function are trace points of sim.
  sim::TracePoint end;
  Told told = Told::kErrno;
  bool of_driver = false;  // it uses a file of the driver
  bool recorded = false;   // recordings of real kernels have words for it
  // How often the mutator makes one: of the usual operations, and of those that are seldom.
  uint8_t usual = 0;
  uint8_t seldom = 0;
  uint8_t steps = 2;     // about how many scheduling points it has on a small machine
  const char* sentence;  // what a task does that does it
};

// In the order of OpKind.
inline constexpr std::array<Operation, kOpKinds> kOperations = {{
    {.kind = OpKind::kWriteEnable,
     .text = "write memtrace/enable {bytes}",
     .role = Role::kMemtrace,
     .end = {224, "write", "memtrace/enable = %e"},
     .of_driver = true,
     .usual = 3,
     .steps = 40,
     .sentence = "writes to memtrace/enable"},
    {.kind = OpKind::kReadEnable,
     .text = "read memtrace/enable",
     .role = Role::kMemtrace,
     .end = {225, "read", "memtrace/enable = %u blocks"},
     .told = Told::kValue,
     .of_driver = true,
     .usual = 1,
     .sentence = "reads memtrace/enable"},
    {.kind = OpKind::kWriteState,
     .text = "write {block}/state {state}",
     .role = Role::kUser,
     .end = {226, "write", "%b/state %W = %e"},
     .recorded = true,
     .usual = 4,
     .steps = 20,
     .sentence = "writes to memoryN/state"},
    {.kind = OpKind::kWriteOnline,
     .text = "write {block}/online {digit}",
     .role = Role::kUser,
     .end = {227, "write", "%b/online %u = %e"},
     .recorded = true,
     .usual = 1,
     .steps = 20,
     .sentence = "writes to memoryN/online"},
    {.kind = OpKind::kAlloc,
     .text = "alloc {mobility} node={node} order={order}",
     .role = Role::kAlloc,
     .end = {230, "alloc", "node=%u = %e"},
     .usual = 2,
     .sentence = "allocates pages"},
    {.kind = OpKind::kFree,
     .text = "free",
     .role = Role::kAlloc,
     .end = {231, "free", "= %e"},
     .usual = 1,
     .sentence = "frees pages"},
    {.kind = OpKind::kGet,
     .text = "get {block} page={page}",
     .role = Role::kWalker,
     .end = {228, "get_page_unless_zero", "pfn=%f = %e"},
     .usual = 2,
     .sentence = "takes a reference on a page"},
    {.kind = OpKind::kPut,
     .text = "put",
     .role = Role::kWalker,
     .end = {229, "put_page", "pfn=%f count=%d"},
     .usual = 2,
     .sentence = "drops a reference on a page"},
    {.kind = OpKind::kKill,
     .text = "kill {task} {signal}",
     .role = Role::kKill,
     .end = {sim::kTpSignal, nullptr, nullptr},
     .told = Told::kNothing,
     .recorded = true,
     .usual = 1,
     .sentence = "sends a signal to a task"},
    {.kind = OpKind::kAfter,
     .text = "after {task}",
     .role = Role::kUser,
     .end = {sim::kTpWaitTask, nullptr, nullptr},
     .told = Told::kNothing,
     .recorded = true,
     .usual = 1,
     .sentence = "waits until a task has ended"},
    {.kind = OpKind::kSleep,
     .text = "sleep {ticks}",
     .role = Role::kUser,
     .end = {sim::kTpSleep, nullptr, nullptr},
     .told = Told::kNothing,
     .recorded = true,
     .usual = 1,
     .sentence = "sleeps"},
    {.kind = OpKind::kWriteProbe,
     .text = "write memory/probe {address}",
     .role = Role::kUser,
     .end = {232, "write", "memory/probe 0x%A = %e"},
     .seldom = 1,
     .sentence = "writes to memory/probe"},
    {.kind = OpKind::kRemove,
     .text = "remove {block}",
     .role = Role::kFirmware,
     .end = {233, "acpi_scan_hot_remove", "%b = %e"},
     .seldom = 2,
     .sentence = "has firmware remove memory"},
    {.kind = OpKind::kAdd,
     .text = "add {block}",
     .role = Role::kFirmware,
     .end = {234, "acpi_memory_device_add", "%b = %e"},
     .seldom = 1,
     .sentence = "has firmware add memory"},
    {.kind = OpKind::kReadTrace,
     .text = "read memtrace/{trace}/trace",
     .role = Role::kUser,
     .end = {236, "read", "trace of node %u = %e"},
     .of_driver = true,
     .seldom = 1,
     .sentence = "reads memtrace/NODE/trace"},
    {.kind = OpKind::kMmapTrace,
     .text = "mmap memtrace/{trace}/trace",
     .role = Role::kUser,
     .end = {237, "mmap", "trace of node %u = %e"},
     .of_driver = true,
     .seldom = 1,
     .sentence = "maps memtrace/NODE/trace"},
    {.kind = OpKind::kWriteAutoOnline,
     .text = "write memory/auto_online_blocks {state}",
     .role = Role::kUser,
     .end = {238, "write", "memory/auto_online_blocks %W = %e"},
     .seldom = 1,
     .sentence = "writes to memory/auto_online_blocks"},
    {.kind = OpKind::kRegister,
     .text = "register {notifier}",
     .role = Role::kUser,
     .end = {239, "init_module", "register %n = %e"},
     .seldom = 1,
     .sentence = "registers a notifier"},
    {.kind = OpKind::kUnregister,
     .text = "unregister {notifier}",
     .role = Role::kUser,
     .end = {240, "delete_module", "unregister %n = %e"},
     .seldom = 1,
     .sentence = "unregisters a notifier"},
    {.kind = OpKind::kAllocContig,
     .text = "alloc_contig node={node} order={contig_order}",
     .role = Role::kAlloc,
     .end = {241, "alloc_contig", "node=%u order=%u = %e"},
     .seldom = 1,
     .sentence = "allocates contiguous pages"},
    {.kind = OpKind::kFreeContig,
     .text = "free_contig",
     .role = Role::kAlloc,
     .end = {242, "free_contig", "= %e"},
     .seldom = 1,
     .sentence = "frees contiguous pages"},
    {.kind = OpKind::kPoison,
     .text = "poison {block} page={page}",
     .role = Role::kWalker,
     .end = {243, "memory_failure", "pfn=%f = %e"},
     .seldom = 1,
     .sentence = "poisons a page"},
    {.kind = OpKind::kReadTraceAt,
     .text = "read memtrace/{trace}/trace offset={offset} length={length}",
     .role = Role::kUser,
     .end = {244, "pread64", "trace of node %u at page %u = %e"},
     .of_driver = true,
     .seldom = 1,
     .sentence = "reads a part of memtrace/NODE/trace"},
    {.kind = OpKind::kMmapTraceAt,
     .text = "mmap memtrace/{trace}/trace offset={offset} length={length}",
     .role = Role::kUser,
     .end = {245, "mmap", "trace of node %u at page %u = %e"},
     .of_driver = true,
     .seldom = 1,
     .sentence = "maps a part of memtrace/NODE/trace"},
    {.kind = OpKind::kOfflineAndRemove,
     .text = "offline_and_remove {block} blocks={blocks}",
     .role = Role::kFirmware,
     .end = {246, "offline_and_remove_memory", "%b blocks=%u = %e"},
     .seldom = 1,
     .steps = 20,
     .sentence = "has a driver of DIMMs offline and remove memory"},
}};

constexpr const Operation& OperationOf(OpKind kind) {
  return kOperations[static_cast<uint32_t>(kind)];
}
// The trace point of the step that ends an operation.
constexpr sim::Tp EndOf(OpKind kind) { return OperationOf(kind).end.id; }

// ---- Templates, taken apart ----

// A word of a template: an operand, if it has one, between two strings.
struct OpWord {
  std::string_view before;
  std::string_view behind;
  Field field = {};
  bool has_field = false;
};

struct OpShape {
  std::array<OpWord, 4> words{};
  uint32_t nr_words = 0;
  std::array<Field, 3> fields{};  // in the order of the words
  uint32_t nr_fields = 0;
  uint32_t has = 0;  // a bit for each type of operand

  constexpr const Field* begin() const { return fields.data(); }
  constexpr const Field* end() const { return fields.data() + nr_fields; }
};

namespace internal {

constexpr Field FieldNamed(std::string_view name) {
  for (const FieldType& type : kFieldTypes) {
    if (type.name == name) return type.field;
  }
  throw "a template names an operand that is not in kFieldTypes";
}

constexpr OpWord ToWord(std::string_view text) {
  const size_t open = text.find('{');
  if (open == text.npos) return {.before = text, .behind = {}};
  const size_t close = text.find('}');
  return {text.substr(0, open), text.substr(close + 1),
          FieldNamed(text.substr(open + 1, close - open - 1)), true};
}

constexpr OpShape ToShape(std::string_view text) {
  OpShape shape;
  while (!text.empty()) {
    const size_t end = text.find(' ') == text.npos ? text.size() : text.find(' ');
    const OpWord word = ToWord(text.substr(0, end));
    shape.words[shape.nr_words++] = word;
    if (word.has_field) {
      shape.fields[shape.nr_fields++] = word.field;
      shape.has |= 1u << static_cast<uint32_t>(word.field);
    }
    text.remove_prefix(end == text.size() ? end : end + 1);
  }
  return shape;
}

constexpr std::array<OpShape, kOpKinds> Shapes() {
  std::array<OpShape, kOpKinds> shapes{};
  for (uint32_t i = 0; i < kOpKinds; ++i) shapes[i] = ToShape(kOperations[i].text);
  return shapes;
}

constexpr bool InOrder() {
  for (uint32_t i = 0; i < kOpKinds; ++i) {
    if (static_cast<uint32_t>(kOperations[i].kind) != i) return false;
  }
  for (uint32_t i = 0; i < kFields; ++i) {
    if (static_cast<uint32_t>(kFieldTypes[i].field) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "the rows come in the order of OpKind and of Field");

}  // namespace internal

inline constexpr std::array<OpShape, kOpKinds> kShapes = internal::Shapes();

constexpr const OpShape& ShapeOf(OpKind kind) { return kShapes[static_cast<uint32_t>(kind)]; }
// Whether an operation has an operand of this type.
constexpr bool Has(OpKind kind, Field field) {
  return (ShapeOf(kind).has >> static_cast<uint32_t>(field) & 1) != 0;
}
// Whether it is about a node.
constexpr bool NamesNode(OpKind kind) {
  return Has(kind, Field::kNode) || Has(kind, Field::kTrace);
}

// The operation as people read it: "get BLOCK page=NUMBER".
std::string UsageOf(OpKind kind);

// ---- Operands ----

uint64_t Get(const Op& op, Field field);
void Set(Op* op, Field field, uint64_t value);

// The smallest and the largest value of an operand, the other lists of the scenario being as they
// are; the largest is below the smallest if there is none. Of nodes, some in between may have no
// memory (HasNode).
struct Range {
  uint64_t low = 0;
  uint64_t high = 0;
  bool contains(uint64_t value) const { return value >= low && value <= high; }
};
Range RangeOf(Field field, const Scenario& s);

// Operands that the machine no longer has become ones that it has.
void SettleOperands(Scenario* s);

// The words of an operand that is a word, in the order of its values; else none.
struct Words {
  const std::string_view* list = nullptr;
  uint32_t count = 0;
  size_t size() const { return count; }
  std::string_view operator[](size_t i) const { return list[i]; }
};
Words WordsOf(Field field);

// The operation with only those members that its kind has.
Op Canonical(const Op& op);

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_OPS_H_
