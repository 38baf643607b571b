// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/replay/remarks.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "model/mm/page.h"

namespace hotplug::replay {

using recording::Kind;
using recording::Line;

namespace {

std::string NodeList(uint8_t mm::node::* state) {
  std::vector<uint32_t> nodes;
  for (uint32_t n = 0; n < kMaxNodes; ++n) {
    if (mm::mm().nodes[n].*state != 0) nodes.push_back(n);
  }
  if (nodes.empty()) return "";
  if (nodes.size() == 1) return std::to_string(nodes[0]);
  return absl::StrCat(nodes.front(), "-", nodes.back());
}

std::string AutoOnline() {
  constexpr const char* kWords[] = {"offline", "online", "online_kernel", "online_movable"};
  return kWords[mm::mm().memhp_default_online_type];
}

// What a key of a remark stands for; nothing for one that is only a remark.
std::optional<std::string> ValueOf(std::string_view key) {
  if (key == "has_memory") return NodeList(&mm::node::has_memory);
  if (key == "has_normal_memory") return NodeList(&mm::node::has_normal_memory);
  if (key == "online" || key == "nodes_online") return NodeList(&mm::node::online);
  if (key == "auto_online_blocks") return AutoOnline();
  const int64_t base = instrument::MtBase();
  if (base < 0) return std::nullopt;
  const uint32_t first = mm::BlockOf(mm::Pfn{static_cast<uint32_t>(base)}).v;
  if (key == "A") return std::to_string(first);
  if (key == "B") return std::to_string(first + 1);
  return std::nullopt;
}

}  // namespace

void CheckRemark(Session& session, const Line& line) {
  const std::string text(line.Text("text"));
  for (const std::string& word : std::vector<std::string>(absl::StrSplit(text, ' '))) {
    const size_t equals = word.find('=');
    const bool exact =
        line.kind == Kind::kInfo && !session.in_layout && text.find('=') != std::string::npos;
    if (equals == std::string::npos && !exact) continue;
    const std::string key = word.substr(0, equals);
    const std::optional<std::string> value = ValueOf(key);
    if (exact && !value.has_value()) {
      return session.Differ(line, absl::StrCat("nothing: the model knows no ", key));
    }
    if (value.has_value() && *value != word.substr(equals + 1)) {
      return session.Differ(line, absl::StrCat(key, "=", *value));
    }
  }
}

}  // namespace hotplug::replay
