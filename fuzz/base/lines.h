// SPDX-License-Identifier: GPL-2.0-or-later
//
// The line table of an object, as addr2line reads it.
#ifndef FUZZ_BASE_LINES_H_
#define FUZZ_BASE_LINES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/world/view.h"

namespace hotplug::base {

// What `addr2line FLAG...` says to addresses of an object, whose bytes these are.
absl::StatusOr<std::string> Addr2Line(const std::string& object, std::vector<std::string> flags,
                                      const std::vector<uintptr_t>& addresses);

// Of each address the function and the line, and those that it is inlined in, innermost first; none
// where nobody knows.
std::vector<std::vector<world::Frame>> FramesOf(const std::string& object,
                                                const std::vector<uint32_t>& addresses);

}  // namespace hotplug::base

#endif  // FUZZ_BASE_LINES_H_
