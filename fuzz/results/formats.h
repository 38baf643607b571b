// SPDX-License-Identifier: GPL-2.0-or-later
//
// Results in the formats that CI systems read: JUnit XML, and SARIF 2.1.0. Names of files
// are escaped as in messages, but in URIs; what XML cannot say becomes U+FFFD.
#ifndef FUZZ_RESULTS_FORMATS_H_
#define FUZZ_RESULTS_FORMATS_H_

#include <string>
#include <vector>

#include "fuzz/results/results.h"

namespace hotplug::results {

std::string Junit(const std::vector<Result>& results);
std::string Sarif(const std::vector<Result>& results);

}  // namespace hotplug::results

#endif  // FUZZ_RESULTS_FORMATS_H_
