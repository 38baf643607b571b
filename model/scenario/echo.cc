// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/scenario/echo.h"

#include <cstdint>

namespace hotplug {

namespace {

uint8_t Byte(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

// The length of the character at the head of `text`; 0 for what a terminal may obey, which are C0,
// DEL and C1, and for what is not UTF-8.
size_t PrintableLength(std::string_view text) {
  const size_t length = Utf8Length(text);
  if (length == 1) return text[0] >= ' ' && text[0] != 0x7f ? 1 : 0;
  const bool c1 = length == 2 && Byte(text, 0) == 0xc2 && Byte(text, 1) < 0xa0;
  return c1 ? 0 : length;
}

// The bytes of a character of up to `longest` bytes, and those of `kept`, stay as they are.
std::string Escaped(std::string_view text, size_t most, size_t longest, std::string_view kept) {
  constexpr char kDigits[] = "0123456789abcdef";
  const bool cut = text.size() > most;
  text = text.substr(0, most);
  std::string out;
  while (!text.empty()) {
    size_t length = kept.find(text[0]) != std::string_view::npos ? 1 : PrintableLength(text);
    if (length == 0 || length > longest) {
      length = 1;
      out += {'\\', 'x', kDigits[Byte(text, 0) >> 4], kDigits[Byte(text, 0) & 15]};
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return cut ? out + "..." : out;
}

}  // namespace

std::string Echo(std::string_view word) { return Escaped(word, kMaxEchoedWord, 1, ""); }

std::string EchoName(std::string_view name) { return Escaped(name, kMaxEchoedName, 4, ""); }

std::string EchoMessage(std::string_view message) {
  return Escaped(message, kMaxEchoedMessage, 4, "\n\t");
}

size_t Utf8Length(std::string_view text) {
  const uint8_t head = Byte(text, 0);
  if (head < 0x80) return 1;
  const size_t length = head >= 0xf0 ? 4 : head >= 0xe0 ? 3 : 2;
  if (head < 0xc2 || head > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((Byte(text, i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong =
      (head == 0xe0 && Byte(text, 1) < 0xa0) || (head == 0xf0 && Byte(text, 1) < 0x90);
  const bool surrogate = head == 0xed && Byte(text, 1) >= 0xa0;
  const bool beyond = head == 0xf4 && Byte(text, 1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

size_t FindNoText(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  for (size_t at = 0; at < line.size();) {
    const size_t length = line[at] == '\t' ? 1 : PrintableLength(line.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace hotplug
