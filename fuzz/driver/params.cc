// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/driver/params.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>

namespace hotplug::driver {

namespace {

template <class T>
bool SetNumber(const std::string& text, void* to) {
  char* end = nullptr;
  errno = 0;
  T value = 0;
  bool fits = false;
  if constexpr (std::numeric_limits<T>::is_signed) {
    const long long number = std::strtoll(text.c_str(), &end, 0);
    value = static_cast<T>(number);
    fits = value == number;
  } else {
    const unsigned long long number = std::strtoull(text.c_str(), &end, 0);
    value = static_cast<T>(number);
    fits = value == number && text[0] != '-';
  }
  if (errno != 0 || end == text.c_str() || *end != '\0' || !fits) return false;
  *static_cast<T*>(to) = value;
  return true;
}

// Without a value it is true.
bool SetBool(const std::string& text, void* to) {
  const bool yes = text.empty() || text == "1" || text == "y" || text == "Y";
  if (!yes && text != "0" && text != "n" && text != "N") return false;
  *static_cast<bool*>(to) = yes;
  return true;
}

constexpr struct {
  std::string_view type;
  bool (*set)(const std::string& text, void* to);
} kTypes[] = {
    {"bool", &SetBool},
    {"byte", &SetNumber<unsigned char>},
    {"short", &SetNumber<short>},
    {"ushort", &SetNumber<unsigned short>},
    {"int", &SetNumber<int>},
    {"uint", &SetNumber<unsigned int>},
    {"long", &SetNumber<long>},
    {"ulong", &SetNumber<unsigned long>},
    {"ullong", &SetNumber<unsigned long long>},
};

std::string Set(const hotplug_param& param, const std::string& text) {
  const auto* const type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                        [&param](const auto& t) { return t.type == param.type; });
  const std::string name = std::string("parameter ") + param.name;
  if (type == std::end(kTypes)) return name + ": one of type " + param.type + " cannot be set";
  if (type->set(text, param.value)) return "";
  return name + ": expected " + param.type + ", not '" + text + "'";
}

// One NAME=VALUE, or NAME alone.
std::string SetOne(const hotplug_module& module, const std::string& setting) {
  const std::string name = setting.substr(0, setting.find('='));
  std::string names;
  for (size_t i = 0; i < module.nr_params; ++i) {
    const hotplug_param& param = module.params[i];
    if (param.name == name)
      return Set(param, setting.substr(std::min(name.size() + 1, setting.size())));
    names += (i == 0 ? "" : ", ") + std::string(param.name);
  }
  return "no parameter " + name + "; there are: " + (names.empty() ? "none" : names);
}

}  // namespace

std::string SetParams(const hotplug_module& module) {
  std::istringstream values(module.values);
  std::string error;
  for (std::string setting; error.empty() && std::getline(values, setting, ',');) {
    error = SetOne(module, setting);
  }
  return error;
}

}  // namespace hotplug::driver
