// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/tree/world.h"

#include "fuzz/base/files.h"
#include "fuzz/tree/compile.h"
#include "fuzz/tree/headers.h"
#include "fuzz/tree/link.h"

namespace hotplug::tree {

absl::StatusOr<std::string> BuildWorld(const Source& source, const WorldOptions& options) {
  const std::string& driver = options.driver.file;
  const absl::StatusOr<std::string> text = driver.empty() ? "" : base::Contents(driver);
  if (!text.ok()) return text.status();
  absl::StatusOr<Workplace> workplace = Workplace::Make(source, options.cc);
  if (!workplace.ok()) return workplace.status();
  const absl::StatusOr<Configuration> configuration = Configure(options.variant, &*workplace);
  if (!configuration.ok()) return configuration.status();
  absl::Status status = WriteEditedHeaders(*workplace);
  if (status.ok() && !driver.empty()) {
    status = workplace->AddDriverFolder(options.driver.Folder());
  }
  if (status.ok()) status = WriteGeneratedHeaders(*configuration, options.variant, &*workplace);
  if (!status.ok()) return status;
  const absl::StatusOr<Words> objects =
      CompileWorld(*configuration, options.variant, options.driver, &*workplace);
  if (!objects.ok()) return objects.status();
  absl::StatusOr<std::string> image = LinkWorld(*objects, *workplace);
  workplace->CleanUp();
  return image;
}

absl::StatusOr<std::string> ConfigOfWorld(const Source& source, const WorldOptions& options) {
  absl::StatusOr<Workplace> workplace = Workplace::Make(source, options.cc);
  if (!workplace.ok()) return workplace.status();
  const absl::StatusOr<Configuration> configuration = Configure(options.variant, &*workplace);
  if (!configuration.ok()) return configuration.status();
  return configuration->config;
}

}  // namespace hotplug::tree
