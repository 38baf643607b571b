// SPDX-License-Identifier: GPL-2.0-or-later
//
// spoil random SEED COUNT FOLDER FILE...
// spoil numbers FOLDER FILE...
// spoil repeat FOLDER FILE...
// spoil bytes SEED COUNT FOLDER
//
// Writes files that look like the ones it is given, and are wrong: into FOLDER, numbered from 0 on,
// with the ending of the file that each was made of. The same arguments, the same files.
//
//   random   one to four changes each: bytes, words, numbers, lines taken out, doubled, swapped,
//            or brought in from another file
//   numbers  each number in the first line of each kind, made each of the extremes
//   repeat   each line that is the first of its kind, a hundred and a hundred thousand times
//   bytes    random ones, up to 512
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/scenario/random.h"

namespace hotplug::spoil {
namespace {

using Lines = std::vector<std::string>;
using scenario::Random;

constexpr uint64_t kMaxCount = 1'000'000;
constexpr const char* kNumbers[] = {"0",
                                    "1",
                                    "-1",
                                    "63",
                                    "64",
                                    "255",
                                    "256",
                                    "65535",
                                    "65536",
                                    "2147483647",
                                    "2147483648",
                                    "4294967295",
                                    "4294967296",
                                    "9223372036854775807",
                                    "18446744073709551615",
                                    "18446744073709551616",
                                    "99999999999999999999999999999999"};
const std::string kWords[] = {"",
                              "-",
                              "none",
                              std::string(1, '\0'),
                              "\x1b[31mred",
                              "\xff\xfe",
                              "\t",
                              "=",
                              "..",
                              std::string(41, 'n'),
                              std::string(100'000, 'w')};

struct File {
  std::string ending;
  Lines lines;
};

std::vector<File> ReadFiles(char** begin, char** end) {
  std::vector<File> files;
  for (char** path = begin; path != end; ++path) {
    std::ifstream in(*path, std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "spoil: %s cannot be read\n", *path);
      std::exit(2);
    }
    File file{std::filesystem::path(*path).extension().string(), {}};
    for (std::string line; std::getline(in, line);) file.lines.push_back(line);
    if (!file.lines.empty()) files.push_back(std::move(file));
  }
  return files;
}

class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
  }
  void Write(const File& file) {
    std::ofstream out(path_ + "/" + std::to_string(next_++) + file.ending, std::ios::binary);
    for (const std::string& line : file.lines) out << line << '\n';
    if (out.flush()) return;
    std::fprintf(stderr, "spoil: %s cannot be written\n", path_.c_str());
    std::exit(2);
  }

 private:
  std::string path_;
  uint32_t next_ = 0;
};

// Where in a line its decimal numbers are: begin and length.
std::vector<std::pair<size_t, size_t>> NumbersOf(const std::string& line) {
  std::vector<std::pair<size_t, size_t>> numbers;
  for (size_t i = 0; i < line.size(); ++i) {
    size_t end = i;
    while (end < line.size() && std::isdigit(static_cast<unsigned char>(line[end])) != 0) ++end;
    if (end == i) continue;
    numbers.emplace_back(i, end - i);
    i = end;
  }
  return numbers;
}

std::string KindOf(const std::string& line) {
  const size_t begin = std::min(line.find_first_not_of(' '), line.size());
  return line.substr(begin, line.find(' ', begin) - begin);
}

// Which lines are the first of their kind.
std::vector<size_t> FirstOfKinds(const Lines& lines) {
  std::set<std::string> seen;
  std::vector<size_t> first;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (seen.insert(KindOf(lines[i])).second) first.push_back(i);
  }
  return first;
}

uint32_t Any(Random& random, size_t n) { return random.Below(static_cast<uint32_t>(n)); }

void SpoilLine(Random& random, std::string* line) {
  switch (random.Below(4)) {
    case 0: {
      const auto numbers = NumbersOf(*line);
      if (numbers.empty()) return;
      const auto [begin, length] = numbers[Any(random, numbers.size())];
      line->replace(begin, length, random.Pick(kNumbers));
      return;
    }
    case 1: {
      const size_t begin = Any(random, line->size() + 1);
      const size_t end = std::min(line->find_first_of(" =,(", begin), line->size());
      line->replace(begin, end - begin, kWords[Any(random, std::size(kWords))]);
      return;
    }
    case 2:
      if (!line->empty()) (*line)[Any(random, line->size())] = static_cast<char>(random.Below(256));
      return;
    default:
      line->resize(Any(random, line->size() + 1));
  }
}

void Spoil(Random& random, const std::vector<File>& files, Lines* lines) {
  const auto at = lines->begin() + Any(random, lines->size());
  const Lines& other = files[Any(random, files.size())].lines;
  switch (random.Below(8)) {
    case 0:
      if (lines->size() > 1) lines->erase(at);
      return;
    case 1:
      lines->insert(at, 1 + random.Below(40), std::string(*at));
      return;
    case 2:
      std::iter_swap(at, lines->begin() + Any(random, lines->size()));
      return;
    case 3:
      lines->insert(at, other[Any(random, other.size())]);
      return;
    case 4:
      *at = other[Any(random, other.size())];
      return;
    default:
      SpoilLine(random, &*at);
  }
}

void SpoilAtRandom(uint64_t seed, uint64_t count, const std::vector<File>& files, Folder folder) {
  Random random(seed);
  for (uint64_t i = 0; i < count; ++i) {
    File file = files[i % files.size()];
    for (uint32_t changes = random.Between(1, 4); changes > 0; --changes) {
      Spoil(random, files, &file.lines);
    }
    folder.Write(file);
  }
}

void SpoilNumbers(const std::vector<File>& files, Folder folder) {
  for (const File& file : files) {
    for (const size_t i : FirstOfKinds(file.lines)) {
      for (const auto& [begin, length] : NumbersOf(file.lines[i])) {
        for (const char* const number : kNumbers) {
          File spoiled = file;
          spoiled.lines[i].replace(begin, length, number);
          folder.Write(spoiled);
        }
      }
    }
  }
}

void Repeat(const std::vector<File>& files, Folder folder) {
  for (const File& file : files) {
    for (const size_t i : FirstOfKinds(file.lines)) {
      for (const size_t times : {100, 100'000}) {
        File spoiled = file;
        spoiled.lines.insert(spoiled.lines.begin() + static_cast<ptrdiff_t>(i), times,
                             file.lines[i]);
        folder.Write(spoiled);
      }
    }
  }
}

void RandomBytes(uint64_t seed, uint64_t count, Folder folder) {
  Random random(seed);
  for (uint64_t i = 0; i < count; ++i) {
    std::string line(random.Below(512), '\0');
    for (char& c : line) c = static_cast<char>(random.Below(256));
    folder.Write({".bin", {line}});
  }
}

int Usage() {
  std::fputs(
      "usage: spoil random SEED COUNT FOLDER FILE...\n"
      "       spoil numbers|repeat FOLDER FILE...\n"
      "       spoil bytes SEED COUNT FOLDER\n",
      stderr);
  return 2;
}

int Main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const bool random = what == "random" || what == "bytes";
  const int folder = random ? 4 : 2;
  if (argc <= folder) return Usage();
  const std::vector<File> files = ReadFiles(argv + folder + 1, argv + argc);
  if (files.empty() == (what != "bytes")) return Usage();
  const uint64_t seed = random ? std::strtoull(argv[2], nullptr, 10) : 0;
  const uint64_t count = random ? std::strtoull(argv[3], nullptr, 10) : 0;
  if (count > kMaxCount) return Usage();
  if (what == "random") {
    SpoilAtRandom(seed, count, files, Folder(argv[folder]));
  } else if (what == "bytes") {
    RandomBytes(seed, count, Folder(argv[folder]));
  } else if (what == "numbers") {
    SpoilNumbers(files, Folder(argv[folder]));
  } else if (what == "repeat") {
    Repeat(files, Folder(argv[folder]));
  } else {
    return Usage();
  }
  return 0;
}

}  // namespace
}  // namespace hotplug::spoil

int main(int argc, char** argv) { return hotplug::spoil::Main(argc, argv); }
