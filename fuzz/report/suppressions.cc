// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/report/suppressions.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "model/scenario/echo.h"

namespace hotplug::report {

namespace {

constexpr size_t kMaxFile = size_t{1} << 20;

// When a star has to take in one more character, only the last one need: what the earlier
// ones take in can stay as little as it is. So the time is a product and not a power.
bool Matches(std::string_view pattern, std::string_view token) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t star_ends = 0;
  while (t < token.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_ends = t;
    } else if (p < pattern.size() && pattern[p] == token[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_ends;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string_view Trimmed(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

bool IsGraphic(char c) { return c > ' ' && c < 0x7f; }

// What is wrong with a line, and where: at which of its bytes.
struct Fault {
  std::string expected = {};  // empty if nothing is wrong
  size_t at = 0;
};

Fault FaultOf(std::string_view line) {
  if (line.size() > kMaxPatternLine) {
    return {"at most " + std::to_string(kMaxPatternLine) + " bytes in a line", kMaxPatternLine};
  }
  if (const size_t at = FindNoText(line); at != std::string_view::npos) {
    return {"UTF-8 without control characters", at};
  }
  const std::string_view pattern = Trimmed(line);
  const auto first = static_cast<size_t>(pattern.empty() ? 0 : pattern.data() - line.data());
  const auto* other = std::find_if_not(pattern.begin(), pattern.end(), IsGraphic);
  if (other != pattern.end()) {
    return {"one word of ASCII characters", static_cast<size_t>(other - line.begin())};
  }
  // A file of something else, or a star alone, would pass over everything or nothing.
  if (!pattern.empty() && pattern.find('/') == std::string_view::npos) {
    return {"a pattern of <invariant>/<function>@<phase>/<event>", first};
  }
  return {};
}

}  // namespace

bool Suppressions::Load(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    error_ = EchoName(path) + ": " + std::strerror(EISDIR);
    return false;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    error_ = EchoName(path) + ": " + std::strerror(errno);
    return false;
  }
  std::string text(kMaxFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad()) {
    error_ = EchoName(path) + ": " + std::strerror(EIO);
    return false;
  }
  if (text.size() > kMaxFile) {
    error_ = EchoName(path) + ": is larger than a MiB, which no list of patterns is";
    return false;
  }
  return Add(text, path);
}

bool Suppressions::Add(std::string_view text, const std::string& name) {
  std::vector<Pattern> added;
  for (uint32_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::string place = EchoName(name) + ":" + std::to_string(number);
    Fault fault = FaultOf(line);
    const std::string_view pattern = Trimmed(line);
    if (!pattern.empty() && patterns_.size() + added.size() == kMaxPatterns) {
      fault.expected = "at most " + std::to_string(kMaxPatterns) + " patterns";
    }
    if (!fault.expected.empty()) {
      error_ = place + ":" + std::to_string(fault.at + 1) + ": expected " + fault.expected +
               ", found '" + Echo(line.substr(fault.at)) + "'";
      return false;
    }
    if (!pattern.empty()) added.push_back({std::string(pattern), place});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::move(added.begin(), added.end(), std::back_inserter(patterns_));
  return true;
}

bool Suppressions::Match(std::string_view token) {
  bool any = false;
  for (Pattern& pattern : patterns_) {
    if (!Matches(pattern.text, token)) continue;
    ++pattern.matches;
    any = true;
  }
  return any;
}

std::vector<std::string> Suppressions::Unused() const {
  std::vector<std::string> unused;
  for (const Pattern& pattern : patterns_) {
    if (pattern.matches == 0) unused.push_back(pattern.text);
  }
  return unused;
}

std::string Suppressions::UnusedReport() const {
  std::string report;
  for (const Pattern& pattern : patterns_) {
    if (pattern.matches != 0) continue;
    report += pattern.place + ": " + pattern.text + " has matched nothing\n";
  }
  return report;
}

std::string Suppressions::UsedReport() const {
  std::string report;
  for (const Pattern& pattern : patterns_) {
    if (pattern.matches == 0) continue;
    report += pattern.place + ": " + pattern.text + ": passed over " +
              std::to_string(pattern.matches) + (pattern.matches == 1 ? " time\n" : " times\n");
  }
  return report;
}

}  // namespace hotplug::report
