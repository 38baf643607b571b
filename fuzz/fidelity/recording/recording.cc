// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/recording/recording.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace hotplug::recording {

const Field* Line::Find(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [name](const Field& field) { return name == field.name; });
  return found == fields.end() ? nullptr : &*found;
}

Field* Line::Find(std::string_view name) {
  return const_cast<Field*>(std::as_const(*this).Find(name));
}

int64_t Line::Number(std::string_view name, int64_t missing) const {
  const Field* field = Find(name);
  return field != nullptr ? field->number : missing;
}

std::string_view Line::Text(std::string_view name) const {
  const Field* field = Find(name);
  return field != nullptr ? std::string_view(field->text) : std::string_view();
}

}  // namespace hotplug::recording
