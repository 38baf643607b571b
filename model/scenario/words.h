// SPDX-License-Identifier: GPL-2.0-or-later
//
// The words of the text form, which print.cc writes and parse.cc reads. A table has one word
// for each value of its enum, in the enum's order.
#ifndef MODEL_SCENARIO_WORDS_H_
#define MODEL_SCENARIO_WORDS_H_

#include <array>
#include <cstdint>
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
inline constexpr std::array<std::string_view, kFaultSites> kFaultSiteWords = {
    "add_memory", "kmalloc", "ioremap", "debugfs_create_dir", "release_mem_region_adjustable",
    "virtio_mem"};

// In the order of kActions.
inline constexpr std::array<std::string_view, kActions.size()> kActionWords = {
    "MEM_GOING_OFFLINE", "MEM_CANCEL_OFFLINE", "MEM_OFFLINE",
    "MEM_GOING_ONLINE",  "MEM_CANCEL_ONLINE",  "MEM_ONLINE"};

// The folders of a driver's files for the memory of a node, in debugfs.
inline constexpr std::array<std::string_view, kMaxNodes> kTraceFolders = {"00000000", "00000001"};

// Errno E is named kErrnoWords[E - 1] (include/uapi/asm-generic/errno-base.h).
inline constexpr std::array<std::string_view, 34> kErrnoWords = {
    "EPERM",  "ENOENT",  "ESRCH",  "EINTR",  "EIO",    "ENXIO",   "E2BIG",  "ENOEXEC", "EBADF",
    "ECHILD", "EAGAIN",  "ENOMEM", "EACCES", "EFAULT", "ENOTBLK", "EBUSY",  "EEXIST",  "EXDEV",
    "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE", "EMFILE",  "ENOTTY", "ETXTBSY", "EFBIG",
    "ENOSPC", "ESPIPE",  "EROFS",  "EMLINK", "EPIPE",  "EDOM",    "ERANGE"};
inline constexpr uint32_t kMaxErrno = 4095;  // include/linux/err.h

// What a notifier can return (include/linux/notifier.h).
inline constexpr uint32_t kNotifyDone = 0;
inline constexpr uint32_t kNotifyOk = 1;
inline constexpr uint32_t kNotifyStopMask = 0x8000;
inline constexpr uint32_t kNotifyBad = kNotifyStopMask | 2;
inline constexpr uint32_t kNotifyStop = kNotifyStopMask | kNotifyOk;

// notifier_from_errno(-error).
constexpr uint32_t NotifierFromErrno(uint32_t error) {
  return error == 0 ? kNotifyOk : kNotifyStopMask | (kNotifyOk + error);
}

// Return values that have a name of their own.
struct NamedAnswer {
  std::string_view word;
  uint32_t value;
};
inline constexpr std::array<NamedAnswer, 4> kNamedAnswers = {{{"NOTIFY_DONE", kNotifyDone},
                                                              {"NOTIFY_OK", kNotifyOk},
                                                              {"NOTIFY_BAD", kNotifyBad},
                                                              {"NOTIFY_STOP", kNotifyStop}}};

}  // namespace hotplug::scenario

#endif  // MODEL_SCENARIO_WORDS_H_
