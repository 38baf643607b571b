// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/spec.h"

#include <algorithm>

namespace hotplug::scenario {

namespace {

// Takes what is in front of the next '+' off the word.
std::string_view TakePart(std::string_view* word) {
  const std::string_view part = word->substr(0, word->find('+'));
  word->remove_prefix(part.size());
  return part;
}

// The place of a part among `size` names; `size`, and an error, if it is none of them.
template <class NameOf>
uint32_t Place(std::string_view part, const char* what, uint32_t size, NameOf name_of,
               SpecError* error) {
  std::string expected = std::string(what) + " (";
  for (uint32_t i = 0; i < size; ++i) {
    if (part == name_of(i)) return i;
    expected += std::string(i == 0 ? "" : ", ") + name_of(i);
  }
  *error = {part, expected + ")"};
  return size;
}

SpecError ReadFixes(std::string_view word, const mm::Fixes& known, uint32_t* fixes) {
  SpecError error;
  *fixes = 0;
  while (!word.empty() && error.expected.empty()) {
    word.remove_prefix(1);  // the '+'
    const auto name_of = [&known](uint32_t i) { return known.list[i].name; };
    const uint32_t row = Place(TakePart(&word), "a fix", known.size, name_of, &error);
    if (row != known.size) *fixes |= known.list[row].bit;
  }
  return error;
}

}  // namespace

std::string PrintSpec(const char* name, uint32_t fixes, const mm::Fixes& known) {
  std::string out = name;
  for (uint32_t i = 0; i < known.size; ++i) {
    if ((fixes & known.list[i].bit) != 0) out += std::string("+") + known.list[i].name;
  }
  return out;
}

std::string PrintDriver(const Scenario& s, const Names& names) {
  return PrintSpec(names.drivers[s.driver], s.fixes, names.driver_fixes(s.driver));
}

std::string PrintKernel(const Machine& m, const Names& names) {
  return PrintSpec(names.kernels[m.kernel], m.fixes, names.kernel_fixes);
}

SpecError ReadDriver(std::string_view word, const Names& names, Scenario* s) {
  SpecError error;
  const auto name_of = [&names](uint32_t i) { return names.drivers[i]; };
  const uint32_t row = Place(TakePart(&word), "a driver", names.nr_drivers, name_of, &error);
  if (row == names.nr_drivers) return error;
  s->driver = static_cast<uint8_t>(row);
  return ReadFixes(word, names.driver_fixes(row), &s->fixes);
}

SpecError ReadKernel(std::string_view word, const Names& names, Machine* m) {
  SpecError error;
  const auto name_of = [&names](uint32_t i) { return names.kernels[i]; };
  const uint32_t row = Place(TakePart(&word), "a kernel", names.nr_kernels, name_of, &error);
  if (row == names.nr_kernels) return error;
  m->kernel = static_cast<uint8_t>(row);
  return ReadFixes(word, names.kernel_fixes, &m->fixes);
}

Cured TakeFixes(std::string_view word, const mm::Fixes& known) {
  uint32_t fixes = 0;
  for (size_t plus = word.rfind('+'); plus != word.npos; plus = word.rfind('+')) {
    const mm::Fix* const end = known.list + known.size;
    const mm::Fix* const fix = std::find_if(
        known.list, end, [&](const mm::Fix& f) { return f.name == word.substr(plus + 1); });
    if (fix == end) break;
    fixes |= fix->bit;
    word = word.substr(0, plus);
  }
  return {std::string(word), fixes};
}

}  // namespace hotplug::scenario
