// SPDX-License-Identifier: GPL-2.0-or-later
//
// The laws of recordings, on any text: the reader refuses it with a place or takes it; what it
// takes is printed as it was read; and the model does it again, up to the first difference and to
// its end, or says at which place it has no such machine. The mutator works on lines and numbers,
// because of other changes hardly any leaves a recording.
#include "fuzz/fidelity/recording/recording.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fuzz/fidelity/replay/replay.h"
#include "fuzz/targets/readers/law.h"
#include "model/scenario/random.h"

namespace {

using hotplug::recording::File;
using hotplug::replay::Report;
using hotplug::scenario::Random;

constexpr std::string_view kPath = "recording";

[[noreturn]] void Broken(const char* law, absl::string_view shown) {
  hotplug::targets::Broken("recording", law, shown);
}

// "recording:LINE:COLUMN: ..."
void CheckPlace(absl::string_view of_status) {
  const std::string_view message(of_status.data(), of_status.size());
  const size_t line = kPath.size();
  const size_t column = message.find(':', line + 1);
  if (!message.starts_with(kPath) || message.substr(line, 1) != ":" ||
      column == std::string_view::npos || message.substr(column + 1).find(": ") > 8) {
    Broken("place", of_status);
  }
}

void CheckReplay(const File& file, bool keep_going) {
  const absl::StatusOr<Report> report = hotplug::replay::Replay(file, kPath, keep_going);
  if (!report.ok()) return CheckPlace(report.status().message());
  if (!keep_going && report->differences.size() > 1) Broken("first", "several differences");
}

// ---- The mutator ----

using Lines = std::vector<std::string>;

Lines Split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Another number where one stands: an extreme, one next to it, or a small one.
std::string OtherNumber(const std::string& digits, Random& random) {
  static constexpr const char* kExtremes[] = {"0",
                                              "1",
                                              "-1",
                                              "8",
                                              "47",
                                              "48",
                                              "4095",
                                              "4096",
                                              "32767",
                                              "32768",
                                              "65536",
                                              "131071",
                                              "1048576",
                                              "1048577",
                                              "0x0",
                                              "0x7fffffff",
                                              "2147483647",
                                              "2147483648",
                                              "4294967295",
                                              "4294967296",
                                              "9223372036854775807",
                                              "18446744073709551615",
                                              "0xffffffff",
                                              "0xffffffffffffffff"};
  const uint64_t number = std::strtoull(digits.c_str(), nullptr, 10);
  switch (random.Below(4)) {
    case 0:
      return random.Pick(kExtremes);
    case 1:
      return std::to_string(random.OneIn(2) ? number + 1 : number - std::min<uint64_t>(number, 1));
    case 2:
      return std::to_string(random.OneIn(2) ? number * 2 : number / 2);
    default:
      return std::to_string(random.Below(12));
  }
}

void ChangeNumber(std::string* line, Random& random) {
  constexpr std::string_view kDigits = "0123456789";
  if (line->empty()) return;
  const size_t from = random.Below(static_cast<uint32_t>(line->size()));
  const size_t at = line->find_first_of(kDigits, from);
  if (at == std::string::npos) return;
  const size_t end = std::min(line->find_first_not_of(kDigits, at), line->size());
  line->replace(at, end - at, OtherNumber(line->substr(at, end - at), random));
}

// A word of another line in place of one of this line.
void ChangeWord(std::string* line, const std::string& other, Random& random) {
  constexpr std::string_view kEnds = " =,()'";
  if (line->empty() || other.empty()) return;
  const auto word = [&](const std::string& text, size_t* at) {
    *at = random.Below(static_cast<uint32_t>(text.size()));
    while (*at > 0 && kEnds.find(text[*at - 1]) == std::string_view::npos) --*at;
    return std::min(text.find_first_of(kEnds, *at), text.size()) - *at;
  };
  size_t from = 0;
  size_t to = 0;
  const size_t size = word(other, &from);
  const size_t old = word(*line, &to);
  line->replace(to, old, other.substr(from, size));
}

// The lines of one kind go.
void DropKind(Lines* lines, std::string_view word) {
  word = word.substr(0, word.find(' '));
  std::erase_if(*lines, [&](const std::string& line) {
    return std::string_view(line).substr(0, line.find(' ')) == word;
  });
}

void Mutate(Lines* lines, Random& random) {
  if (lines->empty()) return;
  const auto any = [&] { return random.Below(static_cast<uint32_t>(lines->size())); };
  const auto place = [&] { return lines->begin() + any(); };
  const std::string line = (*lines)[any()];
  switch (random.Below(9)) {
    case 0:
      lines->erase(place());
      return;
    case 1:
      lines->insert(place(), random.OneIn(4) ? 12 : 1, line);
      return;
    case 2:
      std::swap((*lines)[any()], (*lines)[any()]);
      return;
    case 3:
      if (random.OneIn(4)) DropKind(lines, line);
      return;
    case 4:
    case 5:
      return ChangeWord(&(*lines)[any()], line, random);
    default:
      return ChangeNumber(&(*lines)[any()], random);
  }
}

size_t Join(const Lines& lines, uint8_t* data, size_t max_size) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  const size_t size = std::min(text.size(), max_size);
  std::copy_n(text.begin(), size, data);
  return size;
}

std::string_view TextOf(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::StatusOr<File> file = hotplug::recording::Parse(TextOf(data, size), kPath);
  if (!file.ok()) {
    CheckPlace(file.status().message());
    return 0;
  }
  if (hotplug::recording::Print(*file) != TextOf(data, size)) Broken("print", "printed otherwise");
  CheckReplay(*file, false);
  CheckReplay(*file, true);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  Random random(seed);
  Lines lines = Split(TextOf(data, size));
  for (uint32_t n = random.Between(1, 3); n > 0; --n) Mutate(&lines, random);
  return Join(lines, data, max_size);
}

// Lines of the second from some place on, in the first.
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2, uint8_t* out,
                                            size_t max_out_size, unsigned int seed) {
  Random random(seed);
  Lines lines = Split(TextOf(data1, size1));
  const Lines others = Split(TextOf(data2, size2));
  if (!lines.empty() && !others.empty()) {
    const auto from = random.Below(static_cast<uint32_t>(others.size()));
    const auto most = static_cast<uint32_t>(others.size()) - from;
    const auto at = random.Below(static_cast<uint32_t>(lines.size()));
    lines.insert(lines.begin() + at, others.begin() + from,
                 others.begin() + from + random.Between(1, std::min(most, 20u)));
  }
  return Join(lines, out, max_out_size);
}
