// SPDX-License-Identifier: GPL-2.0-or-later
#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fuzz/base/files.h"
#include "fuzz/cli/cli.h"
#include "fuzz/report/anchors.h"
#include "fuzz/report/expect.h"
#include "model/scenario/bytes.h"
#include "model/scenario/echo.h"

namespace hotplug::cli {

ExitCode Encode(const Args& files) {
  const std::string out = absl::GetFlag(FLAGS_out);
  absl::Status status = base::CheckNew(out);
  if (!status.ok()) return Complain(status);
  const absl::StatusOr<Input> input = LoadSelfContained(files[0]);
  if (!input.ok()) return Complain(input.status());
  std::vector<uint8_t> bytes;
  // Bytes say where a preemption is by the number of the step.
  const scenario::Scenario stepped =
      report::Stepped(input->scenario, input->Options(report::ExpectOptions()));
  if (const char* why = scenario::Encode(stepped, &bytes)) {
    return Complain(absl::StrCat(EchoName(files[0]), ": no bytes say this: ", why));
  }
  status = base::WriteNew(
      out, absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return status.ok() ? kAllWell : Complain(status);
}

}  // namespace hotplug::cli
