// SPDX-License-Identifier: GPL-2.0-or-later
//
// The reader of texts, on any bytes: it takes them or says why not, in one line of bounded length.
// What it takes has one text, and one byte string if bytes can say it; both are read as the same
// scenario, which runs and can be explained, if its machine is a small one.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/report/report.h"
#include "fuzz/targets/readers/law.h"
#include "model/run/run.h"
#include "model/scenario/bytes.h"
#include "model/scenario/print.h"
#include "model/scenario/text/parse.h"

namespace {

namespace report = hotplug::report;
namespace run = hotplug::run;
namespace scenario = hotplug::scenario;

using scenario::Scenario;

[[noreturn]] void Broken(const char* law, absl::string_view shown) {
  hotplug::targets::Broken("text", law, shown);
}

void CheckPrint(const scenario::File& file, const scenario::Names& names) {
  const std::string text = scenario::PrintFile(file, names);
  const absl::StatusOr<scenario::File> again = scenario::Parse(text, "printed", names);
  if (!again.ok()) Broken("printed-is-read", again.status().message());
  if (!(again->scenario == file.scenario)) Broken("same-scenario", text);
  if (again->expect != file.expect) Broken("same-expect", text);
  if (scenario::PrintFile(*again, names) != text) Broken("one-text", text);
}

void CheckBytes(const Scenario& s, const scenario::Names& names) {
  std::vector<uint8_t> bytes;
  // A text may say more than bytes can, but nothing that breaks a rule.
  if (const char* why = scenario::Invalid(s, names)) Broken("valid", why);
  if (scenario::Encode(s, &bytes) != nullptr) return;
  const Scenario again =
      scenario::Decode(bytes.data(), bytes.size(), names.nr_drivers, names.nr_kernels);
  if (!(again == s)) Broken("same-from-bytes", scenario::Print(s, names));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const scenario::Names names = run::Names();
  const absl::StatusOr<scenario::File> file = scenario::Parse(text, "input", names);
  if (!file.ok()) {
    hotplug::targets::CheckMessage("text", std::string(file.status().message()));
    return 0;
  }
  CheckPrint(*file, names);
  CheckBytes(file->scenario, names);
  if (!hotplug::targets::IsSmall(file->scenario.machine)) return 0;
  run::Outcome outcome;
  report::Explain(file->scenario, {}, &outcome);
  return 0;
}
