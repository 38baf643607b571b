// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/text/read_at.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "model/scenario/words.h"

namespace hotplug::scenario {
namespace {

constexpr uint64_t kMaxStep = std::numeric_limits<uint16_t>::max();

class Reader {
 public:
  Reader(const Scenario& s, const Names& names, const References& refer, Line& line)
      : s_(s), names_(names), refer_(refer), line_(line) {}

  bool Read(Preemption* p) {
    return refer_.Thread(line_.Take(), &p->task) && ReadWhere(p) && line_.Literal("run") &&
           refer_.Thread(line_.Take(), &p->other) && line_.End();
  }

 private:
  bool ReadWhere(Preemption* p) {
    const Word word = line_.Take();
    for (const When when : {When::kBefore, When::kAfter}) {
      if (word.text != View(kWhenWords[static_cast<size_t>(when)])) continue;
      p->when = when;
      return ReadEvent(word, when, &p->event) && ReadNth(&p->nth);
    }
    if (word.text.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(word.text[0]))) {
      return line_.Fail(word, absl::StrCat("before, after or a number from 1 to ", kMaxStep));
    }
    return ReadNumber(word, &p->step);
  }

  bool ReadEvent(const Word& at, When when, Event* e) {
    const Word word = line_.Take();
    const auto has = [&word](const auto& words) {
      return std::any_of(words.begin(), words.end(),
                         [&word](std::string_view text) { return View(text) == word.text; });
    };
    if (word.text == "unlock") return ReadLock(line_.Take(), sim::AnchorKind::kUnlock, e);
    if (has(kLockWords)) return ReadLock(word, sim::AnchorKind::kLock, e);
    if (has(kActionWords)) return ReadDelivery(word, e);
    if (word.text == View(kTurnWord)) {
      e->kind = sim::AnchorKind::kTurn;
      return when == When::kBefore || line_.Fail(at, "before, as a step has no other turn");
    }
    for (uint32_t row = 0; row < NrFunctions(names_); ++row) {
      if (word.text != FunctionName(names_, row)) continue;
      e->kind = sim::AnchorKind::kFunction;
      e->row = static_cast<uint16_t>(row);
      if (when == When::kAfter || row < mm::kNrFunctions) return true;
      return line_.Fail(at, absl::StrCat("after, as ", word.text, " tells only its end"));
    }
    return line_.Fail(word, "a lock, unlock and a lock, an action and who is told, or a function");
  }

  bool ReadLock(const Word& word, sim::AnchorKind kind, Event* e) {
    uint8_t row = 0;
    if (!line_.OneOf(word, kLockWords, &row)) return false;
    e->kind = kind;
    e->row = row;
    return true;
  }

  bool ReadDelivery(const Word& action, Event* e) {
    uint8_t row = 0;
    if (!line_.OneOf(action, kActionWords, &row)) return false;
    e->kind = sim::AnchorKind::kDelivery;
    e->action = static_cast<uint8_t>(mm::kMemActions[row].value);
    const Word block = line_.Take();
    if (!refer_.Block(block, block.text, &e->block)) return false;
    const char* callback = names_.callback(s_.driver);
    const Word whom = line_.Take();
    if (callback == nullptr || whom.text != callback) return refer_.Notifier(whom, &e->notifier);
    e->notifier = Event::kOfDriver;
    return true;
  }

  // Left out: the first time.
  bool ReadNth(uint16_t* nth) {
    Word word;
    *nth = 1;
    return !line_.OptionalKey("nth=", &word) || ReadNumber(word, nth);
  }

  bool ReadNumber(const Word& word, uint16_t* value) {
    uint64_t number = 0;
    if (!line_.Number(word, 1, kMaxStep, &number)) return false;
    *value = static_cast<uint16_t>(number);
    return true;
  }

  const Scenario& s_;
  const Names& names_;
  const References& refer_;
  Line& line_;
};

}  // namespace

bool ReadAt(const Scenario& s, const Names& names, const References& refer, Line& line,
            Preemption* p) {
  return Reader(s, names, refer, line).Read(p);
}

}  // namespace hotplug::scenario
