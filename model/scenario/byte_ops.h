// SPDX-License-Identifier: GPL-2.0-or-later
//
// Operations in the byte form. Each type of operand has its bytes of the record, and each kind of
// operation its places in a table, by which it is more or less frequent in random bytes.
#ifndef MODEL_SCENARIO_BYTE_OPS_H_
#define MODEL_SCENARIO_BYTE_OPS_H_

#include "model/scenario/byte_record.h"
#include "model/scenario/scenario.h"

namespace hotplug::scenario {

// Whether the record of an operation is about a notifier.
bool NamesNotifier(const Record& r);

// The operation that a record says, as one of `task`. Operands are reduced by what `s` has.
Op DecodeOp(const Record& r, uint32_t task, const Scenario& s);

// Null if the byte form can say the operation; otherwise a sentence about what it cannot.
const char* BeyondBytes(const Machine& m, const Op& op);
// Its record, with the smallest bytes.
Record EncodeOp(const Machine& m, const Op& op);

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_BYTE_OPS_H_
