// SPDX-License-Identifier: GPL-2.0-or-later
//
// Names for contents.
#ifndef FUZZ_TREE_KEY_H_
#define FUZZ_TREE_KEY_H_

#include <string>

#include "absl/strings/string_view.h"

namespace hotplug::tree {

// SipHash-2-4 of 128 bits, in hexadecimal digits: the same everywhere, and no two contents that
// people write by accident have the same one.
std::string KeyOf(absl::string_view contents);

}  // namespace hotplug::tree

#endif  // FUZZ_TREE_KEY_H_
