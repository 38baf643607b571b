// SPDX-License-Identifier: GPL-2.0-or-later
//
// What recordings have words for.
#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "fuzz/fidelity/record/record.h"
#include "model/scenario/ops.h"
#include "model/scenario/print.h"

namespace hotplug::record {

namespace {

using scenario::Op;
using scenario::OpKind;
using scenario::Scenario;

bool HasWords(const Op& op) { return scenario::OperationOf(op.kind).recorded; }

bool IsOnline(const scenario::Block& b) { return !b.offline; }

// The node that a reader of the recording takes a block for: that of the zone that spans it,
// or of the nearest block below that one spans, or 0.
uint8_t NodeAsRead(const scenario::Machine& m, uint32_t block) {
  const auto spans = [&m](uint32_t i) {
    const scenario::Block& b = m.blocks[i];
    bool below = false, above = false;
    for (uint32_t k = 0; k < m.blocks.size; ++k) {
      const scenario::Block& other = m.blocks[k];
      if (other.node != b.node || !IsOnline(other)) continue;
      // An offline block has no zone yet: it lies in a zone if both its ends are around it.
      if (IsOnline(b) && other.zone != b.zone) continue;
      below = below || k <= i;
      above = above || (k >= i && below);
    }
    return below && above;
  };
  for (uint32_t i = block + 1; i-- > 0;) {
    if (spans(i)) return m.blocks[i].node;
  }
  return 0;
}

}  // namespace

bool IsWrite(const Op& op) {
  return op.kind == OpKind::kWriteState || op.kind == OpKind::kWriteOnline;
}

absl::Status Check(const Scenario& s) {
  for (const Op& op : s.ops) {
    if (HasWords(op)) continue;
    return absl::InvalidArgumentError(absl::StrCat(scenario::TaskName(s, op.task), " ",
                                                   scenario::OperationOf(op.kind).sentence,
                                                   ", for which recordings have no words"));
  }
  for (uint32_t i = 1; i < s.answers.size; ++i) {
    if (s.answers[i].notifier != s.answers[i - 1].notifier) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("notifier ", scenario::NotifierName(s.answers[i].notifier),
                     " has several answers, and a notifier of a recording has one"));
  }
  for (uint32_t i = 0; i < s.notifiers.size; ++i) {
    if (!s.notifiers[i].unregistered) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("notifier ", scenario::NotifierName(i),
                     " is not registered at the start, and those of recordings are"));
  }
  if (s.faults.size != 0) {
    return absl::InvalidArgumentError("a fault is injected, for which recordings have no words");
  }
  if (s.machine.pcp_high != 0 || s.machine.pagevec != 0) {
    return absl::InvalidArgumentError(
        "the CPUs keep pages back (pcp_high, pagevec), and those of recordings are drained");
  }
  for (uint32_t i = 0; i < s.machine.blocks.size; ++i) {
    if (NodeAsRead(s.machine, i) == s.machine.blocks[i].node) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(scenario::BlockName(s.machine, i),
                     " is offline at the edge of its node, so that no zone tells the node"));
  }
  return absl::OkStatus();
}

Scenario Recordable(const Scenario& s) {
  Scenario r = s;
  for (uint32_t i = r.ops.size; i-- > 0;) {
    if (!HasWords(r.ops[i])) r.ops.erase(i);
  }
  for (uint32_t i = r.answers.size; i-- > 1;) {
    if (r.answers[i].notifier == r.answers[i - 1].notifier) r.answers.erase(i);
  }
  for (scenario::Notifier& notifier : r.notifiers) notifier.unregistered = false;
  r.machine.pcp_high = r.machine.pagevec = 0;
  while (r.faults.size != 0) r.faults.erase(r.faults.size - 1);
  for (uint32_t i = 0; i < r.machine.blocks.size; ++i) {
    scenario::Block& b = r.machine.blocks[i];
    if (NodeAsRead(r.machine, i) != b.node) b.offline = false;
  }
  return r;
}

bool Writes(const Scenario& s) { return std::any_of(s.ops.begin(), s.ops.end(), IsWrite); }

}  // namespace hotplug::record
