// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/recording/change.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/fidelity/recording/check.h"
#include "fuzz/fidelity/recording/grammar.h"
#include "fuzz/fidelity/recording/print.h"
#include "model/mm/types.h"
#include "model/scenario/random.h"

namespace hotplug::recording {
namespace {

// ---- Priorities -------------------------------------------------------------------------

constexpr int64_t kLowestPriority = std::numeric_limits<int32_t>::min();
constexpr int64_t kHighestPriority = std::numeric_limits<int32_t>::max();
constexpr std::string_view kModulePriority = "priority=";

// Those of the kernel's own notifiers, of its modules, and the one that `mtrun` uses.
std::set<int64_t> FixedPriorities(const File& file) {
  std::set<int64_t> fixed = {0};
  bool layout = true;
  for (const Line& line : file.lines) {
    layout &= line.kind != Kind::kLayoutEnd;
    if (layout && line.kind == Kind::kChain) fixed.insert(line.Number("prio"));
    if (line.kind != Kind::kInsmod) continue;
    const std::string_view args = line.Text("args");
    const size_t at = args.find(kModulePriority);
    if (at == std::string_view::npos) continue;
    int64_t priority = 0;
    std::from_chars(args.data() + at + kModulePriority.size(), args.data() + args.size(), priority);
    fixed.insert(priority);
  }
  return fixed;
}

// Spreads the priorities of each gap between fixed ones evenly over the gap.
std::map<int64_t, int64_t> SpreadPriorities(const std::set<int64_t>& used,
                                            const std::set<int64_t>& fixed) {
  std::map<int64_t, int64_t> renumbered;
  for (auto it = used.begin(); it != used.end();) {
    const auto above = fixed.lower_bound(*it);
    const int64_t high = above == fixed.end() ? kHighestPriority + 1 : *above;
    const int64_t low = above == fixed.begin() ? kLowestPriority - 1 : *std::prev(above);
    if (*it == high) {
      renumbered[*it] = *it;
      ++it;
      continue;
    }
    const auto end = used.lower_bound(high);
    const int64_t parts = std::distance(it, end) + 1;
    for (int64_t part = 1; it != end; ++it, ++part) {
      renumbered[*it] = low + (high - low) * part / parts;
    }
  }
  return renumbered;
}

// ---- Names ------------------------------------------------------------------------------

bool IsMemtrace(std::string_view name) { return name == "RFC" || name == "FIX"; }

// The new name of each probe that `reg` registers, in the order of their registration.
std::map<std::string, std::string> NewNames(const File& file) {
  std::vector<std::string> probes;
  std::set<std::string> taken;
  for (const Line& line : file.lines) {
    const std::string name(line.Text("name"));
    if (line.Text("cmd") != "reg" || IsMemtrace(name)) {
      taken.insert(name);
    } else if (std::find(probes.begin(), probes.end(), name) == probes.end()) {
      probes.push_back(name);
    }
  }
  for (const std::string& probe : probes) taken.erase(probe);

  std::map<std::string, std::string> names;
  int number = 0;
  for (const std::string& probe : probes) {
    do {
      names[probe] = "probe_" + std::to_string(++number);
    } while (taken.contains(names[probe]));
  }
  return names;
}

// ---- One field --------------------------------------------------------------------------

using scenario::Random;

constexpr uint32_t kPairTries = 64;  // of a kind and a field
constexpr uint32_t kValueTries = 8;  // within such a pair
constexpr const char* kValues[] = {
    "'online'", "'offline'", "'online_kernel'", "'online_movable'", "'1'", "'0'", "''", "'x'"};
constexpr const char* kOtherZones[] = {"DMA", "DMA32", "Normal", "Movable", "Device", "-"};
constexpr int64_t kErrors[] = {0,       -EPERM, -EINTR,  -EIO,    -EAGAIN,
                               -ENOMEM, -EBUSY, -EEXIST, -EINVAL, -4095};
constexpr uint32_t kAnswers[] = {mm::NOTIFY_DONE, mm::NOTIFY_OK, 2,          18,    mm::NOTIFY_STOP,
                                 mm::NOTIFY_BAD,  0x8011,        0xfffffff0, 0x9000};

// A field of a line, by their indices.
struct Spot {
  size_t line;
  size_t field;
};
using Spots = std::vector<Spot>;

std::vector<Spots> SpotsByKindAndField(const File& file) {
  std::map<std::pair<Kind, std::string_view>, Spots> pairs;
  bool body = false;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const Line& line = file.lines[i];
    for (size_t k = 0; body && k < line.fields.size(); ++k) {
      pairs[{line.kind, line.fields[k].name}].push_back({i, k});
    }
    body |= line.kind == Kind::kLayoutEnd;
  }
  std::vector<Spots> spots;
  spots.reserve(pairs.size());
  for (auto& [pair, of_pair] : pairs) spots.push_back(std::move(of_pair));
  return spots;
}

template <class T>
const T& PickOne(const std::vector<T>& all, Random* random) {
  return all[random->Below(static_cast<uint32_t>(all.size()))];
}

int64_t OtherNumber(int64_t number, Random* random) {
  const int64_t others[] = {number + 1, number - 1, 0, 1, number * 2, -number, number + 512};
  return random->Pick(others);
}

// A digit in place of a digit, a letter in place of any other character.
std::string OtherText(std::string text, Random* random) {
  if (text.empty()) return "x";
  char& c = text[random->Below(static_cast<uint32_t>(text.size()))];
  if (c >= '0' && c <= '9') {
    c = static_cast<char>('0' + random->Below(10));
  } else {
    c = static_cast<char>('a' + random->Below(26));
  }
  return text;
}

// Some text of the field's type: not always another one, nor always one that may stand there.
std::string SomeText(const File& file, Kind kind, const Spots& spots, const Field& field,
                     Random* random) {
  const Spot& other = PickOne(spots, random);
  const std::string& other_text = file.lines[other.line].fields[other.field].text;
  switch (field.type) {
    case Type::kProc:
      return "p" + std::to_string(OtherNumber(field.number, random));
    case Type::kNumber:
      return std::to_string(OtherNumber(field.number, random));
    case Type::kBlock:
      return random->OneIn(2) ? other_text : std::to_string(OtherNumber(field.number, random));
    case Type::kHex:
    case Type::kPfn:
      return HexText(static_cast<uint64_t>(OtherNumber(field.number, random)));
    case Type::kAction:
      return ActionName(1u << random->Below(std::size(mm::kMemActions)));  // a bit each
    case Type::kZone:
      return random->Pick(kOtherZones);
    case Type::kErrno:
      return field.number > 0 ? std::to_string(OtherNumber(field.number, random))
                              : ErrnoText(random->Pick(kErrors));
    case Type::kAnswer:
      return AnswerText(random->Pick(kAnswers));
    case Type::kValue:
      return random->Pick(kValues);
    case Type::kWord:
      if (const std::vector<std::string> words = WordsOf(kind, field.name); !words.empty()) {
        return PickOne(words, random);
      }
      [[fallthrough]];
    case Type::kName:
    case Type::kText:
      break;
  }
  return random->OneIn(2) ? other_text : OtherText(field.text, random);
}

// Puts the text into the field and reads the line again; false if it is none of its kind, or
// the same as before.
bool Replace(Line* line, size_t field, const std::string& text) {
  if (line->fields[field].text == text) return false;
  Line changed = *line;
  changed.fields[field].text = text;
  const std::optional<std::string> printed = PrintIfFits(changed);
  if (!printed) return false;
  absl::StatusOr<Line> read = ParseLine(*printed, "", line->number);
  if (!read.ok() || read->kind != line->kind || read->fields.size() != line->fields.size() ||
      read->fields[field].text != text) {
    return false;
  }
  *line = *std::move(read);
  return true;
}

}  // namespace

File RenumberPriorities(const File& file) {
  File changed = file;
  std::vector<Field*> fields;
  std::set<int64_t> used;
  for (Line& line : changed.lines) {
    Field* field = line.Find("prio");
    if (field == nullptr) continue;
    fields.push_back(field);
    used.insert(field->number);
  }
  const std::map<int64_t, int64_t> renumbered = SpreadPriorities(used, FixedPriorities(file));
  for (Field* field : fields) {
    field->number = renumbered.at(field->number);
    field->text = std::to_string(field->number);
  }
  return changed;
}

File RenameProbes(const File& file) {
  const std::map<std::string, std::string> names = NewNames(file);
  File changed = file;
  for (Line& line : changed.lines) {
    Field* field = line.Find("name");
    if (field == nullptr) continue;
    if (const auto found = names.find(field->text); found != names.end()) {
      field->text = found->second;
    }
  }
  return changed;
}

std::optional<File> ChangeOneField(const File& file, uint64_t seed, Change* what) {
  const std::vector<Spots> pairs = SpotsByKindAndField(file);
  if (pairs.empty()) return std::nullopt;
  Random random(seed);
  File changed = file;
  for (uint32_t i = 0; i < kPairTries; ++i) {
    const Spots& spots = PickOne(pairs, &random);
    for (uint32_t k = 0; k < kValueTries; ++k) {
      const Spot& spot = PickOne(spots, &random);
      const Line& old = file.lines[spot.line];
      const Field& field = old.fields[spot.field];
      const std::string text = SomeText(file, old.kind, spots, field, &random);
      if (!Replace(&changed.lines[spot.line], spot.field, text)) continue;
      if (CheckLines(changed, "").ok()) {
        *what = {old.number, old.kind, field.name, field.text, text};
        return changed;
      }
      changed.lines[spot.line] = old;
    }
  }
  return std::nullopt;
}

}  // namespace hotplug::recording
