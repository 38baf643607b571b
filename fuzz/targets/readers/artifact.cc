// SPDX-License-Identifier: GPL-2.0-or-later
//
// What `run`, `explain`, `show` and `report` do with the contents of a file, in either form: the
// file runs or is refused, in one line; texts can be shown on a terminal, and are bounded; XML and
// JSON are well formed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>

#include "fuzz/report/expect.h"
#include "fuzz/report/report.h"
#include "fuzz/results/formats.h"
#include "fuzz/results/results.h"
#include "fuzz/targets/readers/law.h"
#include "fuzz/targets/readers/well_formed.h"
#include "model/run/run.h"
#include "model/scenario/text/parse.h"

namespace {

namespace report = hotplug::report;
namespace results = hotplug::results;
namespace run = hotplug::run;
namespace scenario = hotplug::scenario;

[[noreturn]] void Broken(const char* law, absl::string_view shown) {
  hotplug::targets::Broken("artifact", law, shown);
}

void CheckText(const std::string& text) { hotplug::targets::CheckText("artifact", text); }

results::Result ResultOf(const std::string& name, const absl::StatusOr<scenario::File>& file) {
  results::Result result = file.ok() ? results::RunScenario(name, file->scenario, {})
                                     : results::Unreadable(name, file.status().message());
  CheckText(result.report);
  return result;
}

void CheckJunit(const results::Result& result) {
  const std::string xml = results::Junit({result});
  if (!hotplug::targets::IsXml(xml)) Broken("junit", xml);
  CheckText(xml);
}

void CheckSarif(const results::Result& result) {
  const std::string json = results::Sarif({result});
  if (!hotplug::targets::IsJson(json)) Broken("sarif", json);
  CheckText(json);
}

void CheckShown(const scenario::File& file) {
  std::string shown = report::CommentedText(file.scenario, report::ExpectOptions());
  for (const std::string& line : file.expect) shown += "  " + line + "\n";
  CheckText(shown);
}

}  // namespace

// The last 16 bytes are the name of the file, too: any bytes. Running a scenario and writing about
// it takes some twenty times as long as reading it, which is what this is about: few inputs do,
// each in one format. Which, is in their bytes and not in their size, as most mutations keep that.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view contents(reinterpret_cast<const char*>(data), size);
  const std::string name(contents.substr(size - std::min(size, size_t{16})));
  const absl::StatusOr<scenario::File> file = scenario::Read(contents, name, run::Names());
  if (file.ok() && !hotplug::targets::IsSmall(file->scenario.machine)) return 0;
  if (!file.ok()) hotplug::targets::CheckMessage("artifact", std::string(file.status().message()));
  switch (std::accumulate(data, data + size, uint32_t{0}) % 16) {
    case 0:
      CheckJunit(ResultOf(name, file));
      break;
    case 1:
      CheckSarif(ResultOf(name, file));
      break;
    case 2:
      if (file.ok()) CheckShown(*file);
  }
  return 0;
}
