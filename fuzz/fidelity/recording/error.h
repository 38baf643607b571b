// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the reader says about a broken recording: `FILE:LINE:COLUMN: expected X, got Y`.
#ifndef FUZZ_FIDELITY_RECORDING_ERROR_H_
#define FUZZ_FIDELITY_RECORDING_ERROR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace hotplug::recording {

struct Place {
  std::string_view file;
  uint32_t line;
  size_t column;
};

absl::Status Expected(const Place& place, const std::string& what, const std::string& got);

// The text in quotes; of a long text only its beginning.
std::string InQuotes(std::string_view text);

}  // namespace hotplug::recording

#endif  // FUZZ_FIDELITY_RECORDING_ERROR_H_
