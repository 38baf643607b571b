// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/text/references.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/scenario/print.h"

namespace hotplug::scenario {

bool References::Block(const Word& word, absl::string_view name, uint8_t* index) const {
  const uint32_t blocks = s_.machine.blocks.size;
  for (uint32_t i = 0; i < blocks; ++i) {
    if (name != BlockName(s_.machine, i)) continue;
    *index = static_cast<uint8_t>(i);
    return true;
  }
  return line_.Fail(word, absl::StrCat("a block from ", BlockName(s_.machine, 0), " to ",
                                       BlockName(s_.machine, blocks - 1)));
}

bool References::Address(const Word& word, uint8_t* index) const {
  const Machine& m = s_.machine;
  uint64_t address = 0;
  const bool is_number = ToNumber(word.text, &address);
  for (uint32_t i = 0; i < m.blocks.size; ++i) {
    if (!is_number || address != BlockAddress(m, i)) continue;
    *index = static_cast<uint8_t>(i);
    return true;
  }
  return line_.Fail(word, absl::StrCat("the address of a block, 0x", absl::Hex(BlockAddress(m, 0)),
                                       " to 0x", absl::Hex(BlockAddress(m, m.blocks.size - 1)),
                                       " in steps of 0x", absl::Hex(kBlockBytes)));
}

bool References::Task(const Word& word, uint8_t* index) const {
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i] != word.text) continue;
    *index = static_cast<uint8_t>(i);
    return true;
  }
  const auto echo = [](std::string* out, absl::string_view task) {
    absl::StrAppend(out, Echo(View(Word{task})));
  };
  return line_.Fail(word, absl::StrCat("a task (", absl::StrJoin(tasks_, ", ", echo), ")"));
}

bool References::Thread(const Word& word, uint8_t* index) const {
  if (word.text != "kworker") return Task(word, index);
  *index = kKworker;
  return true;
}

bool References::Notifier(const Word& word, uint8_t* index) const {
  const uint32_t notifiers = s_.notifiers.size;
  for (uint32_t i = 0; i < notifiers; ++i) {
    if (word.text != NotifierName(i)) continue;
    *index = static_cast<uint8_t>(i);
    return true;
  }
  if (notifiers == 0) return line_.Fail(word, "a notifier, of which there is none");
  return line_.Fail(word, absl::StrCat("a notifier from A to ", NotifierName(notifiers - 1)));
}

}  // namespace hotplug::scenario
