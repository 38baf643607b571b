// SPDX-License-Identifier: GPL-2.0-or-later
//
// The words of the text form, which print.cc writes and parse.cc reads. A table has one word
// for each value of its enum, in the enum's order.
#ifndef MODEL_SCENARIO_WORDS_H_
#define MODEL_SCENARIO_WORDS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "model/scenario/scenario.h"

namespace hotplug::scenario {

inline constexpr std::array<std::string_view, 2> kSwitchWords = {"off", "on"};
inline constexpr std::array<std::string_view, 2> kZoneWords = {"Normal", "Movable"};
inline constexpr std::array<std::string_view, 2> kMobilityWords = {"unmovable", "movable"};
inline constexpr std::array<std::string_view, 2> kDigitWords = {"0", "1"};
inline constexpr std::array<std::string_view, kRoles> kRoleWords = {"memtrace", "user", "walker",
                                                                    "alloc",    "kill", "firmware"};
inline constexpr std::array<std::string_view, kStateWords> kStateWordWords = {
    "offline", "online", "online_kernel", "online_movable", "garbage"};
inline constexpr std::array<std::string_view, kSignals> kSignalWords = {"SIGINT", "SIGUSR1",
                                                                        "SIGKILL"};

// The names in a table of mm.
template <class Row, size_t n>
consteval std::array<std::string_view, n> NamesIn(const Row (&table)[n]) {
  std::array<std::string_view, n> names;
  for (size_t i = 0; i < n; ++i) names[i] = table[i].name;
  return names;
}
inline constexpr auto kFaultSiteWords = NamesIn(mm::kFaultSiteRows);
inline constexpr auto kActionWords = NamesIn(mm::kMemActions);
inline constexpr auto kLockWords = [] {
  std::array<std::string_view, mm::kLockClasses> words;
  std::copy(std::begin(mm::kLockNames), std::end(mm::kLockNames), words.begin());
  return words;
}();
inline constexpr std::array<std::string_view, 3> kWhenWords = {"", "before", "after"};
inline constexpr std::string_view kTurnWord = "step";

// The folders of a driver's files for the memory of a node, in debugfs.
inline constexpr std::array<std::string_view, kMaxNodes> kTraceFolders = {"00000000", "00000001"};

// Errno E is named kErrnoWords[E - 1] (include/uapi/asm-generic/errno-base.h).
inline constexpr std::array<std::string_view, 34> kErrnoWords = {
    "EPERM",  "ENOENT",  "ESRCH",  "EINTR",  "EIO",    "ENXIO",   "E2BIG",  "ENOEXEC", "EBADF",
    "ECHILD", "EAGAIN",  "ENOMEM", "EACCES", "EFAULT", "ENOTBLK", "EBUSY",  "EEXIST",  "EXDEV",
    "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE", "EMFILE",  "ENOTTY", "ETXTBSY", "EFBIG",
    "ENOSPC", "ESPIPE",  "EROFS",  "EMLINK", "EPIPE",  "EDOM",    "ERANGE"};
inline constexpr uint32_t kMaxErrno = 4095;  // include/linux/err.h

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_WORDS_H_
