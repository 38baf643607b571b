// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/mutate/mutate.h"

#include "fuzz/mutate/draft.h"
#include "model/scenario/bytes.h"

namespace hotplug::mutate {
namespace {

using scenario::Random;
using scenario::Scenario;

enum class Way : uint8_t { kGrow, kShrink, kOther };

struct Change {
  const char* name;
  Way way;
  uint32_t weight;
  bool (Draft::*apply)();
};

constexpr Change kChanges[] = {
    {"insert operation", Way::kGrow, 8, &Draft::InsertOp},
    {"duplicate operation", Way::kGrow, 2, &Draft::DuplicateOp},
    {"add preemption", Way::kGrow, 6, &Draft::AddPreemption},
    {"add round trip", Way::kGrow, 6, &Draft::AddRoundTrip},
    {"add task", Way::kGrow, 4, &Draft::AddTask},
    {"add notifier", Way::kGrow, 2, &Draft::AddNotifier},
    {"add answer", Way::kGrow, 2, &Draft::AddAnswer},
    {"add fault", Way::kGrow, 1, &Draft::AddFault},
    {"add block", Way::kGrow, 2, &Draft::AddBlock},
    {"delete operation", Way::kShrink, 8, &Draft::DeleteOp},
    {"remove preemption", Way::kShrink, 12, &Draft::RemovePreemption},
    {"remove task", Way::kShrink, 2, &Draft::RemoveTask},
    {"merge tasks", Way::kShrink, 1, &Draft::MergeTasks},
    {"remove notifier", Way::kShrink, 2, &Draft::RemoveNotifier},
    {"remove answer", Way::kShrink, 2, &Draft::RemoveAnswer},
    {"remove fault", Way::kShrink, 1, &Draft::RemoveFault},
    {"remove block", Way::kShrink, 2, &Draft::RemoveBlock},
    {"move operation", Way::kOther, 4, &Draft::MoveOp},
    {"replace operation", Way::kOther, 4, &Draft::ReplaceOp},
    {"retarget operation", Way::kOther, 10, &Draft::RetargetOp},
    {"shift preemption", Way::kOther, 8, &Draft::ShiftPreemption},
    {"retarget preemption", Way::kOther, 6, &Draft::RetargetPreemption},
    {"change priority", Way::kOther, 1, &Draft::ChangePriority},
    {"change registration", Way::kOther, 1, &Draft::ChangeRegistration},
    {"change answer", Way::kOther, 4, &Draft::ChangeAnswer},
    {"change fault", Way::kOther, 1, &Draft::ChangeFault},
    {"change block", Way::kOther, 1, &Draft::ChangeBlock},
    {"change zone", Way::kOther, 1, &Draft::ChangeZone},
    {"change nodes", Way::kOther, 1, &Draft::ChangeNodes},
    {"change pages", Way::kOther, 1, &Draft::ChangePages},
    {"change orders", Way::kOther, 1, &Draft::ChangeOrders},
    {"change first block", Way::kOther, 1, &Draft::ChangeFirstBlock},
    {"change caches", Way::kOther, 1, &Draft::ChangeCaches},
    {"change switch", Way::kOther, 1, &Draft::ChangeSwitch},
    {"change kernel", Way::kOther, 1, &Draft::ChangeKernel},
};

constexpr uint32_t WeightOf(Way way) {
  uint32_t weight = 0;
  for (const Change& change : kChanges) weight += change.way == way ? change.weight : 0;
  return weight;
}

const Change& AnyChange(Way way, Random& random) {
  uint32_t below = random.Below(WeightOf(way));
  const Change* change = kChanges;
  for (; change->way != way || below >= change->weight; ++change) {
    if (change->way == way) below -= change->weight;
  }
  return *change;
}

// Whether the scenario has a byte form that fits, which is in `bytes` then.
bool Fits(const Limits& limits, const Scenario& s, std::vector<uint8_t>* bytes) {
  return scenario::Encode(s, bytes) == nullptr && bytes->size() <= limits.max_size;
}

void SettleIn(const Limits& limits, Scenario* s) {
  if (limits.fit != nullptr) limits.fit(s);
  Settle(s);
}

}  // namespace

void Draft::ChangeSome() {
  // As many things as a scenario has when growing is as likely as shrinking.
  constexpr uint32_t kUsualItems = 20;
  constexpr uint32_t kTries = 8;
  do {
    const bool other = random_.OneIn(2);
    const bool shrink = random_.Below(Items() + kUsualItems) >= kUsualItems;
    const Way way = other ? Way::kOther : shrink ? Way::kShrink : Way::kGrow;
    for (uint32_t i = 0; i < kTries; ++i) {
      if ((this->*AnyChange(way, random_).apply)()) break;
    }
  } while (random_.OneIn(2));
}

bool Mutate(const Limits& limits, uint32_t seed, Scenario* s, std::vector<uint8_t>* bytes) {
  constexpr uint32_t kTries = 16;
  Random seeds(seed);
  for (uint32_t i = 0; i < kTries; ++i) {
    Scenario changed = *s;
    Draft(limits, static_cast<uint32_t>(seeds.Next()), &changed).ChangeSome();
    SettleIn(limits, &changed);
    if (changed == *s || !Fits(limits, changed, bytes)) continue;
    *s = changed;
    return true;
  }
  return false;
}

bool Splice(const Limits& limits, uint32_t seed, const Scenario& with, Scenario* s,
            std::vector<uint8_t>* bytes) {
  Scenario changed = *s;
  Draft(limits, seed, &changed).TakeFrom(with);
  SettleIn(limits, &changed);
  if (changed == *s || !Fits(limits, changed, bytes)) return false;
  *s = changed;
  return true;
}

uint32_t NrChanges() { return sizeof(kChanges) / sizeof(kChanges[0]); }
const char* ChangeName(uint32_t change) { return kChanges[change].name; }
bool Apply(uint32_t change, const Limits& limits, uint32_t seed, Scenario* s) {
  Draft draft(limits, seed, s);
  return (draft.*kChanges[change].apply)();
}

}  // namespace hotplug::mutate
