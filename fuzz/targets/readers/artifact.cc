// SPDX-License-Identifier: GPL-2.0-or-later
//
// What `run`, `explain`, `show` and `report` do with the contents of a file, in either form: the
// file runs or is refused, in one line; texts can be shown on a terminal, and are bounded; XML and
// JSON are well formed.
#include <cstddef>
#include <cstdint>
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

void CheckFormats(const results::Result& result) {
  const std::string xml = results::Junit({result});
  if (!hotplug::targets::IsXml(xml)) Broken("junit", xml);
  const std::string json = results::Sarif({result});
  if (!hotplug::targets::IsJson(json)) Broken("sarif", json);
}

}  // namespace

// The first 16 bytes are the name of the file, up to a line feed: any bytes, too.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view contents(reinterpret_cast<const char*>(data), size);
  const absl::string_view head = contents.substr(0, 16);
  const std::string name(head.substr(0, head.find('\n')));
  const absl::StatusOr<scenario::File> file = scenario::Read(contents, name, run::Names());
  if (!file.ok()) {
    const std::string why(file.status().message());
    hotplug::targets::CheckMessage("artifact", why);
    CheckFormats(results::Unreadable(name, why));
    return 0;
  }
  const results::Result result = results::RunScenario(name, file->scenario, {});
  CheckText(result.report);
  CheckFormats(result);
  // These are two more runs: a part of the inputs will do.
  if (size % 8 != 0) return 0;
  std::string shown = report::CommentedText(file->scenario, report::ExpectOptions());
  for (const std::string& line : file->expect) shown += "  " + line + "\n";
  CheckText(shown);
  return 0;
}
