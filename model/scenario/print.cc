// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/print.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>

#include "model/scenario/ops.h"
#include "model/scenario/spec.h"
#include "model/scenario/words.h"

namespace hotplug::scenario {
namespace {

template <class Piece>
void Append(std::string* out, const Piece& piece) {
  if constexpr (std::is_arithmetic_v<Piece>) {
    out->append(std::to_string(piece));
  } else {
    out->append(std::string_view(piece));
  }
}

template <class... Pieces>
void AppendAll(std::string* out, const Pieces&... pieces) {
  (Append(out, pieces), ...);
}

// Hexadecimal as the kernel's %#llx has it: 0 has no prefix.
std::string Hex(uint64_t value) {
  if (value == 0) return "0";
  std::string digits;
  for (; value != 0; value >>= 4) digits.push_back("0123456789abcdef"[value & 15]);
  digits += "x0";
  std::reverse(digits.begin(), digits.end());
  return digits;
}

template <class Words, class Enum>
std::string_view Word(const Words& words, Enum value) {
  return words[static_cast<size_t>(value)];
}

void PrintMachine(const Machine& m, const Names& names, std::string* out) {
  AppendAll(out, "machine kernel=", PrintKernel(m, names),
            " debug_vm=", Word(kSwitchWords, m.debug_vm),
            " auto_online=", Word(kSwitchWords, m.auto_online));
  if (m.kmemleak) Append(out, " kmemleak=on");
  if (m.memmap_on_memory) Append(out, " memmap_on_memory=on");
  if (m.pcp_high != 0) AppendAll(out, " pcp_high=", +m.pcp_high);
  if (m.pagevec != 0) AppendAll(out, " pagevec=", +m.pagevec);
  AppendAll(out, " pages_per_block=", PagesPerBlock(m),
            " pageblock_pages=", uint32_t{1} << m.pageblock_order, " max_order=", +m.max_order,
            "\n");
}

void PrintBlocks(const Machine& m, std::string* out) {
  for (uint32_t i = 0; i < m.blocks.size;) {
    const Block& block = m.blocks[i];
    uint32_t end = i + 1;
    while (end < m.blocks.size && m.blocks[end] == block) ++end;
    AppendAll(out, "memory ", m.first_block + i);
    if (end > i + 1) AppendAll(out, "-", m.first_block + end - 1);
    AppendAll(out, " node=", +block.node, " zone=", Word(kZoneWords, block.zone),
              block.reserved ? " reserved" : "", block.offline ? " offline" : "", "\n");
    i = end;
  }
}

void PrintNotifiers(const Scenario& s, std::string* out) {
  for (uint32_t i = 0; i < s.notifiers.size; ++i) {
    AppendAll(out, "notifier ", NotifierName(i), " priority=", s.notifiers[i].priority,
              s.notifiers[i].unregistered ? " unregistered" : "", "\n");
    for (const Answer& answer : s.answers) {
      if (answer.notifier != i) continue;
      AppendAll(out, "  answer ", mm::ActionName(answer.action), " ");
      if (answer.block != Answer::kAnyBlock) {
        AppendAll(out, BlockName(s.machine, answer.block), " ");
      }
      if (answer.nth != 0) AppendAll(out, "nth=", +answer.nth, " ");
      AppendAll(out, AnswerName(answer.value), "\n");
    }
  }
}

void PrintField(const Scenario& s, const Op& op, Field field, std::string* out) {
  const uint64_t value = Get(op, field);
  switch (field) {
    case Field::kBytes:
    case Field::kOffset:
    case Field::kLength:
      return Append(out, Hex(value));
    case Field::kAddress:
      return Append(out, Hex(BlockAddress(s.machine, op.block)));
    case Field::kBlock:
      return Append(out, BlockName(s.machine, op.block));
    case Field::kTask:
      return Append(out, TaskName(s, op.target));
    case Field::kNotifier:
      return Append(out, NotifierName(op.notifier));
    default:
      break;
  }
  const Words words = WordsOf(field);
  if (words.size() == 0) return Append(out, value);
  Append(out, words[value]);
}

void PrintOp(const Scenario& s, const Op& op, std::string* out) {
  const OpShape& shape = ShapeOf(op.kind);
  for (uint32_t i = 0; i < shape.nr_words; ++i) {
    const OpWord& word = shape.words[i];
    AppendAll(out, i == 0 ? "" : " ", word.before);
    if (word.has_field) PrintField(s, op, word.field, out);
    Append(out, word.behind);
  }
}

void PrintTasks(const Scenario& s, std::string* out) {
  for (uint32_t i = 0; i < s.tasks.size; ++i) {
    AppendAll(out, "task ", TaskName(s, i), "\n");
    for (const Op& op : s.ops) {
      if (op.task != i) continue;
      Append(out, "  ");
      PrintOp(s, op, out);
      Append(out, "\n");
    }
  }
}

void PrintFaults(const Scenario& s, std::string* out) {
  for (const Fault& fault : s.faults) {
    AppendAll(out, "fault ", Word(kFaultSiteWords, fault.site), " nth=", +fault.nth, " -",
              kErrnoWords[fault.error - 1u], "\n");
  }
}

void PrintSchedule(const Scenario& s, const Names& names, const std::string* comments,
                   std::string* out) {
  for (uint32_t i = 0; i < s.schedule.size; ++i) {
    const Preemption& p = s.schedule[i];
    AppendAll(out, "at ", TaskName(s, p.task), " ");
    if (p.when == When::kStep) {
      Append(out, p.step);
    } else {
      AppendAll(out, Word(kWhenWords, p.when), " ", EventName(s, names, p.event));
      if (p.nth != 1) AppendAll(out, " nth=", p.nth);
    }
    AppendAll(out, " run ", TaskName(s, p.other));
    if (comments != nullptr && !comments[i].empty()) AppendAll(out, "  # ", comments[i]);
    Append(out, "\n");
  }
}

}  // namespace

std::string TaskName(const Scenario& s, uint32_t task) {
  if (task == kKworker) return "kworker";
  std::string name;
  AppendAll(&name, Word(kRoleWords, s.tasks[task].role), "-", task + 1);
  return name;
}

std::string NotifierName(uint32_t notifier) {
  return std::string(1, static_cast<char>('A' + notifier));
}

std::string EventName(const Scenario& s, const Names& names, const Event& e) {
  std::string name;
  switch (e.kind) {
    case sim::AnchorKind::kUnlock:
      name = "unlock ";
      [[fallthrough]];
    case sim::AnchorKind::kLock:
      Append(&name, kLockWords[e.row]);
      break;
    case sim::AnchorKind::kDelivery:
      AppendAll(&name, mm::ActionName(e.action), " ", BlockName(s.machine, e.block), " ",
                e.notifier == Event::kOfDriver ? std::string(names.callback(s.driver))
                                               : NotifierName(e.notifier));
      break;
    case sim::AnchorKind::kTurn:
      Append(&name, kTurnWord);
      break;
    default:
      Append(&name, FunctionName(names, e.row));
  }
  return name;
}

std::string BlockName(const Machine& m, uint32_t block) {
  return "memory" + std::to_string(m.first_block + block);
}

std::string AnswerName(uint32_t value) {
  for (const mm::NamedValue& answer : mm::kNotifyAnswers) {
    if (answer.value == value) return answer.name;
  }
  for (int error = 1; error <= static_cast<int>(kErrnoWords.size()); ++error) {
    std::string name = "-" + std::string(kErrnoWords[error - 1]);
    if (static_cast<uint32_t>(mm::notifier_from_errno(-error)) == value)
      return "notifier_from_errno(" + name + ")";
    if (static_cast<uint32_t>(-error) == value) return name;
  }
  return Hex(value);
}

std::string Print(const Scenario& s, const Names& names, const std::string* comments) {
  std::string out = "scenario 1\n";
  AppendAll(&out, "driver ", PrintDriver(s, names), "\n");
  PrintMachine(s.machine, names, &out);
  PrintBlocks(s.machine, &out);
  PrintNotifiers(s, &out);
  PrintTasks(s, &out);
  PrintFaults(s, &out);
  PrintSchedule(s, names, comments, &out);
  return out;
}

}  // namespace hotplug::scenario
