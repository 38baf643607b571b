// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/fidelity/recording/texts.h"

#include <charconv>
#include <cstddef>
#include <string>

#include "fuzz/fidelity/recording/recording.h"
#include "model/mm/types.h"
#include "model/scenario/words.h"
#include "model/sim/check.h"

namespace hotplug::recording {
namespace {

// Behind scenario::kErrnoWords (include/uapi/asm-generic/errno.h). "": there is none.
constexpr std::string_view kMoreErrnoWords[] = {"EDEADLK",
                                                "ENAMETOOLONG",
                                                "ENOLCK",
                                                "ENOSYS",
                                                "ENOTEMPTY",
                                                "ELOOP",
                                                "",
                                                "ENOMSG",
                                                "EIDRM",
                                                "ECHRNG",
                                                "EL2NSYNC",
                                                "EL3HLT",
                                                "EL3RST",
                                                "ELNRNG",
                                                "EUNATCH",
                                                "ENOCSI",
                                                "EL2HLT",
                                                "EBADE",
                                                "EBADR",
                                                "EXFULL",
                                                "ENOANO",
                                                "EBADRQC",
                                                "EBADSLT",
                                                "",
                                                "EBFONT",
                                                "ENOSTR",
                                                "ENODATA",
                                                "ETIME",
                                                "ENOSR",
                                                "ENONET",
                                                "ENOPKG",
                                                "EREMOTE",
                                                "ENOLINK",
                                                "EADV",
                                                "ESRMNT",
                                                "ECOMM",
                                                "EPROTO",
                                                "EMULTIHOP",
                                                "EDOTDOT",
                                                "EBADMSG",
                                                "EOVERFLOW",
                                                "ENOTUNIQ",
                                                "EBADFD",
                                                "EREMCHG",
                                                "ELIBACC",
                                                "ELIBBAD",
                                                "ELIBSCN",
                                                "ELIBMAX",
                                                "ELIBEXEC",
                                                "EILSEQ",
                                                "ERESTART",
                                                "ESTRPIPE",
                                                "EUSERS",
                                                "ENOTSOCK",
                                                "EDESTADDRREQ",
                                                "EMSGSIZE",
                                                "EPROTOTYPE",
                                                "ENOPROTOOPT",
                                                "EPROTONOSUPPORT",
                                                "ESOCKTNOSUPPORT",
                                                "EOPNOTSUPP",
                                                "EPFNOSUPPORT",
                                                "EAFNOSUPPORT",
                                                "EADDRINUSE",
                                                "EADDRNOTAVAIL",
                                                "ENETDOWN",
                                                "ENETUNREACH",
                                                "ENETRESET",
                                                "ECONNABORTED",
                                                "ECONNRESET",
                                                "ENOBUFS",
                                                "EISCONN",
                                                "ENOTCONN",
                                                "ESHUTDOWN",
                                                "ETOOMANYREFS",
                                                "ETIMEDOUT",
                                                "ECONNREFUSED",
                                                "EHOSTDOWN",
                                                "EHOSTUNREACH",
                                                "EALREADY",
                                                "EINPROGRESS",
                                                "ESTALE",
                                                "EUCLEAN",
                                                "ENOTNAM",
                                                "ENAVAIL",
                                                "EISNAM",
                                                "EREMOTEIO",
                                                "EDQUOT",
                                                "ENOMEDIUM",
                                                "EMEDIUMTYPE",
                                                "ECANCELED",
                                                "ENOKEY",
                                                "EKEYEXPIRED",
                                                "EKEYREVOKED",
                                                "EKEYREJECTED",
                                                "EOWNERDEAD",
                                                "ENOTRECOVERABLE",
                                                "ERFKILL",
                                                "EHWPOISON"};
constexpr int64_t kErrnos = std::size(scenario::kErrnoWords) + std::size(kMoreErrnoWords);

// "" if there is none.
std::string_view ErrnoName(int64_t error) {
  constexpr int64_t kFirstWords = std::size(scenario::kErrnoWords);
  if (error < 1 || error > kErrnos) return "";
  return error <= kFirstWords ? scenario::kErrnoWords[static_cast<size_t>(error - 1)]
                              : kMoreErrnoWords[error - 1 - kFirstWords];
}

// Recordings write actions without it.
constexpr std::string_view kActionPrefix = "MEM_";

}  // namespace

bool IsWordChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool ToNumber(std::string_view text, int base, int64_t* number) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, *number, base);
  return error == std::errc() && stop == end;
}

std::optional<int64_t> ErrnoOf(std::string_view name) {
  // Two numbers have two names each.
  if (name == "EDEADLOCK") name = "EDEADLK";
  if (name == "ENOTSUP") name = "EOPNOTSUPP";
  for (int64_t error = 1; error <= kErrnos; ++error) {
    if (!name.empty() && ErrnoName(error) == name) return error;
  }
  return std::nullopt;
}

std::string HexText(uint64_t value) {
  char digits[16];
  const auto result = std::to_chars(digits, digits + sizeof(digits), value, 16);
  return "0x" + std::string(digits, result.ptr);
}

std::string ErrnoText(int64_t rc) {
  if (rc == 0) return "OK";
  const std::string_view name = ErrnoName(-rc);
  return name.empty() ? std::to_string(rc) : "-" + std::string(name);
}

std::string AnswerText(uint32_t raw) {
  if (raw == mm::NOTIFY_OK) return "NOTIFY_OK";
  const int error = mm::notifier_to_errno(static_cast<int32_t>(raw));
  return HexText(raw) + " (errno " + ErrnoText(error) +
         ((raw & mm::NOTIFY_STOP_MASK) != 0 ? ", stops the chain)" : ")");
}

const char* ActionName(uint32_t action) {
  const char* name = mm::ActionName(action);
  HOTPLUG_CHECK(name != nullptr);
  return name + kActionPrefix.size();
}

std::optional<uint32_t> ActionOf(std::string_view name) {
  for (const mm::NamedValue& action : mm::kMemActions) {
    if (ActionName(action.value) == name) return action.value;
  }
  return std::nullopt;
}

std::string Unquoted(std::string_view value) {
  HOTPLUG_CHECK(value.size() >= 2);
  value = value.substr(1, value.size() - 2);
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\' || i + 1 == value.size()) {
      text += value[i];
      continue;
    }
    const char c = value[++i];
    uint8_t byte = 0;
    const char* hex = value.data() + i + 1;
    if (c == 'x' && i + 2 < value.size() &&
        std::from_chars(hex, hex + 2, byte, 16).ptr == hex + 2) {
      text += static_cast<char>(byte);
      i += 2;
    } else {
      text += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
  }
  return text;
}

std::optional<BlockRange> RangeOf(std::string_view text) {
  const size_t dash = text.find('-');
  BlockRange range{};
  if (dash == std::string_view::npos || !ToNumber(text.substr(0, dash), 10, &range.first) ||
      !ToNumber(text.substr(dash + 1), 10, &range.last)) {
    return std::nullopt;
  }
  return range;
}

}  // namespace hotplug::recording
