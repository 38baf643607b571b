// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/work.h"

#include <algorithm>
#include <cstring>

namespace hotplug::replay {

namespace {

using instrument::Op;
using instrument::Work;
using recording::Field;
using recording::Kind;
using recording::Line;

struct Command {
  std::string_view name;
  Op op;
};

constexpr Command kCommands[] = {
    {"reg", Op::kReg},           {"unreg", Op::kUnreg},     {"unregall", Op::kUnregall},
    {"nack", Op::kNack},         {"raw", Op::kRaw},         {"clear", Op::kClear},
    {"sleep", Op::kSleep},       {"pagesat", Op::kPagesat}, {"zonesat", Op::kZonesat},
    {"mtalloc", Op::kMtalloc},   {"mtreg", Op::kMtreg},     {"mtunreg", Op::kMtunreg},
    {"mtrun", Op::kMtrun},       {"mtfree", Op::kMtfree},   {"mtfreeok", Op::kMtfreeok},
    {"mtforget", Op::kMtforget}, {"oarm", Op::kOarm},       {"rm", Op::kRm},
    {"add", Op::kAdd},           {"addmm", Op::kAddmm},     {"hold", Op::kHold},
    {"unhold", Op::kUnhold},     {"pinlru", Op::kPinlru},   {"unpin", Op::kUnpin},
    {"grab", Op::kGrab},         {"ungrab", Op::kUngrab},
};

// -1 is any block.
uint32_t BlockOf(const Line& line) {
  const int64_t block = line.Number("block", -1);
  return block < 0 ? instrument::kAny : static_cast<uint32_t>(block);
}

Work RequestOf(const Line& line) {
  Work work;
  work.op = line.Text("file") == "state" ? Op::kWriteState : Op::kWriteOnline;
  work.block = BlockOf(line);
  const std::string value = Unquote(line.Text("value"));
  const size_t n = std::min(value.size(), work.text.size() - 1);
  std::memcpy(work.text.data(), value.data(), n);
  return work;
}

// The operand of a command that stands in Work::value.
int64_t ValueOf(const Line& line) {
  for (const char* name : {"prio", "errno", "value", "ms", "off"}) {
    if (line.Has(name)) return line.Number(name);
  }
  return 0;
}

Work CommandOf(const Line& line) {
  Work work;
  const std::string_view cmd = line.Text("cmd");
  const auto* row = std::find_if(std::begin(kCommands), std::end(kCommands),
                                 [cmd](const Command& c) { return c.name == cmd; });
  work.op = row->op;
  work.fixed = line.Text("mode") == "fixed" || line.Text("where") == "movable";
  if (line.Has("name")) {
    work.notifier = static_cast<uint32_t>(instrument::Name(std::string(line.Text("name")).c_str()));
  }
  if (line.Has("action")) work.action = *recording::ActionOf(line.Text("action"));
  work.block = BlockOf(line);
  work.nth = static_cast<uint32_t>(line.Number("nth"));
  work.count = static_cast<uint32_t>(line.Number("count", work.op == Op::kMtfree ? 0 : 1));
  work.value = ValueOf(line);
  return work;
}

bool OfCommand(const Field& f) {
  const std::string_view name = f.name;
  return name != "proc" && name != "alarm" && name != "result";
}

}  // namespace

mm::BlockId BlockOf(const Line& line) {
  return mm::BlockId{static_cast<uint32_t>(line.Number("block"))};
}

Work WorkOf(const Line& line) {
  return line.kind == Kind::kReq ? RequestOf(line) : CommandOf(line);
}

bool SameCommand(const Line& call, const Line& ctl) {
  std::vector<const Field*> a, b;
  for (const Field& f : call.fields) {
    if (OfCommand(f)) a.push_back(&f);
  }
  for (const Field& f : ctl.fields) {
    if (OfCommand(f)) b.push_back(&f);
  }
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Field* x, const Field* y) { return x->text == y->text; });
}

std::string Unquote(std::string_view literal) {
  std::string text;
  for (size_t i = 1; i + 1 < literal.size(); ++i) {
    char c = literal[i];
    if (c == '\\' && i + 2 < literal.size()) {
      c = literal[++i];
      if (c == 'n') c = '\n';
      if (c == 't') c = '\t';
    }
    text += c;
  }
  return text;
}

}  // namespace hotplug::replay
