// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a recording cannot say. Method: a table of edits of a good recording, with the message that
// each must give; then every number of the recordings in corpus/recording at every extreme, every
// kind of line left out under every kernel, lines many times and in another order: the answer is a
// place or a report, and in no case the end of the process.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "fuzz/fidelity/recording/recording.h"
#include "fuzz/fidelity/replay/replay.h"
#include "model/limits.h"
#include "model/mm/kernel.h"
#include "regress/unit/catch.h"
#include "regress/unit/checked.h"

namespace hotplug::replay {
namespace {

namespace fs = std::filesystem;
using recording::File;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string Good() { return ReadFile("corpus/recording/requests.tr"); }

std::vector<std::string> AllRecordings() {
  std::vector<std::string> texts;
  for (const auto& entry : fs::directory_iterator("corpus/recording")) {
    texts.push_back(ReadFile(entry.path()));
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::vector<std::string> LinesOf(const std::string& text) { return absl::StrSplit(text, '\n'); }

// What reading and replaying says against a text, or its first difference, or nothing.
std::string Answer(const std::string& text, bool keep_going) {
  const absl::StatusOr<File> file = recording::Parse(text, "f.tr");
  if (!file.ok()) return std::string(file.status().message());
  const absl::StatusOr<Report> report = Replay(*file, "f.tr", keep_going);
  if (!report.ok()) return std::string(report.status().message());
  if (report->differences.empty()) return "";
  const Difference& first = report->differences.front();
  return absl::StrCat("f.tr:", first.line, ": differs: ", first.got);
}

// A text that may be anything gives an answer, with a place, however it is replayed.
void CheckAnswered(const std::string& text) {
  for (const bool keep_going : {false, true}) {
    const std::string answer = Answer(text, keep_going);
    if (!answer.empty() && !absl::StartsWith(answer, "f.tr:")) FAIL_CHECK(answer << "\n" << text);
  }
}

// ---- The table ----------------------------------------------------------------------------

struct Edit {
  std::string from;  // as it stands once or more in the good recording
  std::string to;
  std::string message;  // behind "f.tr:"
};

std::string Repeated(uint32_t count, const std::string& line) {
  std::string text;
  for (uint32_t i = 0; i < count; ++i) text += absl::StrReplaceAll(line, {{"#", absl::StrCat(i)}});
  return text;
}

void CheckEdits(const std::vector<Edit>& edits) {
  REQUIRE(Answer(Good(), true).empty());
  for (const Edit& edit : edits) {
    INFO(edit.from << " -> " << edit.to.substr(0, 100));
    REQUIRE(absl::StrContains(Good(), edit.from));
    const std::string text = absl::StrReplaceAll(Good(), {{edit.from, edit.to}});
    CHECK(Answer(text, false) == "f.tr:" + edit.message);
    CHECK(Answer(text, true) == "f.tr:" + edit.message);
  }
}

TEST_CASE("a machine that the model cannot be is told", "[recording_limits]") {
  const std::string pages = "block_pages=256 section_pages=256 pageblock_pages=4 max_order=3";
  const std::string blocks = "boot_blocks=4-6 dimm_blocks=8-9";
  const std::string most = absl::StrReplaceAll(pages, {{"256", "32768"}});
  CheckEdits({
      {pages, absl::StrReplaceAll(pages, {{"256", "2"}, {"=4", "=2"}, {"=3", "=1"}}),
       "3:47: a block has too few or too many pages"},
      {pages, absl::StrReplaceAll(pages, {{"256", "65536"}}),
       "3:47: expected a power of two up to 32768 after \"block_pages=\", got \"65536\""},
      {"max_order=3", "max_order=13",
       "3:97: expected a number from 0 to 12 after \"max_order=\", got \"13\""},
      {"page_size=4096", "page_size=1",
       "3:30: expected a power of two from 4096 to 67108864 after \"page_size=\", got \"1\""},
      {blocks, "boot_blocks=4-51 dimm_blocks=52-52", "3:128: expected at most 48 blocks"},
      {blocks, "boot_blocks=0-1048576 dimm_blocks=none", "3:111: expected at most 48 blocks"},
      {pages + " " + blocks, most + " boot_blocks=131071-131071 dimm_blocks=none",
       "3:115: expected pages below pfn 0x80000000"},
      {pages + " " + blocks, most + " boot_blocks=4-6 dimm_blocks=65535-65536",
       "3:131: expected pages below pfn 0x80000000"},
      {"nodes=1", "nodes=3", "3:137: expected a number from 1 to 2 after \"nodes=\", got \"3\""},
  });
}

TEST_CASE("zones that the machine cannot have are told", "[recording_limits]") {
  const std::string movable = "node=0 zone=Movable start_pfn=0x600";
  CheckEdits({
      {movable, "node=63 zone=Movable start_pfn=0x600",
       "8:21: expected a number from 0 to 1 after \"node=\", got \"63\""},
      {movable, "node=1 zone=Movable start_pfn=0x600", "8:21: expected a node of MACHINE"},
      {movable, "node=0 zone=Normal start_pfn=0x600", "8:28: expected each zone once"},
      {movable, "node=0 zone=Device start_pfn=0x600",
       "8:59: expected 0: the model has no pages of devices"},
      {movable, "node=0 zone=Movable start_pfn=0x300",
       "8:46: expected pages of the blocks of MACHINE"},
      {movable, "node=0 zone=Movable start_pfn=0x901",
       "8:46: expected pages of the blocks of MACHINE"},
      {movable, "node=0 zone=Movable start_pfn=0x80000000",
       "8:46: expected a number with 0x below 0x80000000 after \"start_pfn=\", got "
       "\"0x80000000\""},
      {"spanned=256 present=256 managed=256", "spanned=256 present=257 managed=256",
       "8:72: expected no more than spanned"},
      {"spanned=256 present=256 managed=256", "spanned=256 present=256 managed=257",
       "8:84: expected no more than present"},
      {"managed=256 free=250", "managed=256 free=257", "8:93: expected no more than managed"},
      {"present=256 managed=256 free=250", "present=255 managed=250 free=250",
       "8:72: expected at least the 256 pages of its online blocks"},
      {"managed=256 free=250", "managed=250 free=250",
       "8:84: expected at least the 256 pages of its online blocks"},
      {"spanned=256 present", "spanned=4294967296 present",
       "8:60: expected a 32-bit number after \"spanned=\", got \"4294967296\""},
  });
}

TEST_CASE("names and numbers that the instrument has no room for are told", "[recording_limits]") {
  const std::string chain = "CHAIN 0 prio=100 ksm_memory_callback\n";
  const std::string name(kMaxNotifierName + 1, 'x');
  const std::string value(kMaxWrite + 1, '1');
  const std::string notifiers = absl::StrCat(kMaxNotifierNames - kOwnNotifierNames);
  CheckEdits({
      {chain, Repeated(47, "CHAIN # prio=1 name#\n"),
       "51:17: expected at most " + notifiers + " notifiers, got \"name45\""},
      {chain, "CHAIN 0 prio=1 " + name + "\n",
       "6:16: expected a notifier's name of up to 31 characters, got \"" + name + "\""},
      {"CTL unregall", Repeated(45, "CTL unreg name# => OK\n") + "CTL unregall",
       "87:11: expected at most " + notifiers + " notifiers, got \"name42\""},
      {"SIG p4 14", "SIG p4 65", "35:8: expected a signal from 1 to 64, got \"65\""},
      {"CTL unregall",
       "WR /sys/devices/system/memory/auto_online_blocks <- '" + value + "' => 64\nCTL unregall",
       "45:53: expected a string in quotes of up to 63 characters, got \"'" + value.substr(0, 39) +
           "...\""},
      {"CTL unregall", Repeated(9, "CALL p1# mtrun rfc\n") + "CTL unregall",
       "53:6: expected at most 8 processes at one time, got \"p18\""},
  });
}

TEST_CASE("recordings of any length are refused at their limit", "[recording_limits]") {
  const auto with = [](uint32_t count, const std::string& line) {
    return absl::StrReplaceAll(Good(), {{"CTL unregall", Repeated(count, line) + "CTL unregall"}});
  };
  CHECK(Answer(with(kMaxRecordingLines, "WAKE A\n"), true) ==
        "f.tr:16385:1: expected at most 16384 lines, got more");
  const std::string much = with(20, "NOTE " + std::string(60000, 'x') + "\n");
  CHECK(Answer(much, true) ==
        absl::StrCat("f.tr:1:1: expected at most 1048576 bytes, got ", much.size()));
}

// ---- Sweeps -------------------------------------------------------------------------------

TEST_CASE("the recordings in the corpus conform", "[recording_limits]") {
  REQUIRE(AllRecordings().size() >= 4);
  for (const std::string& text : AllRecordings()) CHECK(Answer(text, true).empty());
}

TEST_CASE("each number of a recording may be any number", "[recording_limits]") {
  const std::vector<std::string> extremes = {
      "0",       "1",          "-1",         "47",         "32768",
      "1048576", "2147483647", "4294967295", "4294967296", "18446744073709551615"};
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  size_t numbers = 0;
  for (const std::string& text : AllRecordings()) {
    for (auto at = text.begin(); at != text.end(); ++numbers) {
      at = std::find_if(at, text.end(), digit);
      const auto end = std::find_if_not(at, text.end(), digit);
      // A sample, another one for each number.
      for (size_t i = 0; i < extremes.size() && at != end; ++i) {
        if ((i + numbers) % (testing::kChecked ? 10 : 3) != 0) continue;
        CheckAnswered(std::string(text.begin(), at) + extremes[i] + std::string(end, text.end()));
      }
      at = end;
    }
  }
  CHECK(numbers > 900);
}

TEST_CASE("any kind of line may be missing, under any kernel", "[recording_limits]") {
  for (const std::string& text : AllRecordings()) {
    const std::vector<std::string> lines = LinesOf(text);
    std::set<std::string> kinds = {""};
    for (const std::string& line : lines) kinds.insert(line.substr(0, line.find(' ')));
    for (const std::string& kind : kinds) {
      std::vector<std::string> left;
      for (size_t i = 0; i < lines.size(); ++i) {
        const bool layout = i < 16;
        if (layout || lines[i].empty() || lines[i].substr(0, lines[i].find(' ')) != kind) {
          left.push_back(lines[i]);
        }
      }
      for (const char* kernel : mm::kKernelNames) {
        CheckAnswered(absl::StrReplaceAll(absl::StrJoin(left, "\n"),
                                          {{"kernel=6.1", absl::StrCat("kernel=", kernel)},
                                           {"kernel=5.9", absl::StrCat("kernel=", kernel)}}));
      }
    }
  }
}

TEST_CASE("each line may come often, early or late", "[recording_limits]") {
  for (const std::string& text : AllRecordings()) {
    const std::vector<std::string> lines = LinesOf(text);
    for (size_t i = 2; i + 1 < lines.size(); ++i) {
      std::vector<std::string> often = lines;
      often.insert(often.begin() + static_cast<ptrdiff_t>(i), 20, lines[i]);
      CheckAnswered(absl::StrJoin(often, "\n"));
      std::vector<std::string> moved = lines;
      std::swap(moved[i], moved[2 + (i * 7) % (lines.size() - 3)]);
      CheckAnswered(absl::StrJoin(moved, "\n"));
    }
  }
}

// Processes that the model does not end where the recording does stay there, until there are too
// many of them: then it says so, and goes on.
TEST_CASE("a recording of another kernel is replayed to its end", "[recording_limits]") {
  const std::string path = "regress/real-kernel-traces/6.1/random-4.tr";
  const absl::StatusOr<File> file =
      recording::Parse(absl::StrReplaceAll(ReadFile(path), {{"kernel=6.1", "kernel=5.9"}}), path);
  REQUIRE(file.ok());
  const absl::StatusOr<Report> report = Replay(*file, path, true);
  REQUIRE(report.ok());
  const auto full =
      std::find_if(report->differences.begin(), report->differences.end(), [](const Difference& d) {
        return d.got == "nothing: there is no room for another process, 9 have not ended";
      });
  REQUIRE(full != report->differences.end());
  CHECK(report->differences.back().line > full->line);
}

}  // namespace
}  // namespace hotplug::replay
