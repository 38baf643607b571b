// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/suppressions.h"

#include <fstream>
#include <sstream>

namespace hotplug::report {

namespace {

bool Matches(std::string_view pattern, std::string_view token) {
  if (pattern.empty()) return token.empty();
  if (pattern[0] != '*') {
    return !token.empty() && pattern[0] == token[0] && Matches(pattern.substr(1), token.substr(1));
  }
  for (size_t skip = 0; skip <= token.size(); ++skip) {
    if (Matches(pattern.substr(1), token.substr(skip))) return true;
  }
  return false;
}

std::string_view Trimmed(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

bool Suppressions::Load(const std::string& path) {
  std::ifstream file(path);
  if (!file) return false;
  std::stringstream text;
  text << file.rdbuf();
  Add(text.str());
  return true;
}

void Suppressions::Add(std::string_view text) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view pattern = Trimmed(text.substr(0, end));
    if (!pattern.empty()) patterns_.emplace_back(pattern);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

bool Suppressions::Match(std::string_view token) const {
  for (const std::string& pattern : patterns_) {
    if (Matches(pattern, token)) return true;
  }
  return false;
}

}  // namespace hotplug::report
