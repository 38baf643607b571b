// SPDX-License-Identifier: GPL-2.0-or-later
//
// What messages say of bytes that others have written: the words of a file, the names of files and
// of their folders, arguments. A terminal obeys control characters, and nobody reads a megabyte.
// This knows nothing of the model: whoever writes messages may use it.
#ifndef MODEL_SCENARIO_ECHO_H_
#define MODEL_SCENARIO_ECHO_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace hotplug {

// In bytes of what is echoed, before it is escaped. What is longer ends in "...".
inline constexpr size_t kMaxEchoedWord = 60;
inline constexpr size_t kMaxEchoedName = 4096;  // PATH_MAX
inline constexpr size_t kMaxEchoedMessage = size_t{64} << 10;

// A word of a file: in printable ASCII, every other byte as \xNN.
std::string Echo(std::string_view word);
// The name of a file or an argument: characters of UTF-8 as they are, but for control characters.
std::string EchoName(std::string_view name);
// A whole message: the same, and it may have lines and tabs.
std::string EchoMessage(std::string_view message);

// The length in bytes of the character at the head of a text that is not empty, or 0 if it is not
// one of UTF-8: broken off, longer than need be, a surrogate, beyond the last.
size_t Utf8Length(std::string_view text);

// Where a line has its first byte that no text has: of a control character other than a tab or a
// carriage return at the end, or of what is not UTF-8. npos if there is none.
size_t FindNoText(std::string_view line);

}  // namespace hotplug

#endif  // MODEL_SCENARIO_ECHO_H_
