// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where a world is made: a folder of this process alone, in which all commands run. The user's tree
// is `tree` there, the folder of a driver's own file `driver`, what is ours of the kernel's side is
// `model/tree`, and every other file is one that we have made. So no command, and nothing that it
// makes, knows where any of it really lies.
#ifndef FUZZ_TREE_WORKPLACE_H_
#define FUZZ_TREE_WORKPLACE_H_

#include <cstdint>
#include <ctime>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fuzz/base/process.h"
#include "fuzz/tree/cache.h"
#include "fuzz/tree/source.h"

namespace hotplug::tree {

using Words = std::vector<std::string>;

// Commands whose products depend on nothing but themselves and what they read.
struct Step {
  std::string subject;          // the file that complaints are about
  std::vector<Words> commands;  // one after the other
  Words inputs;                 // files that they read
  std::string depfile;          // where they say what else they have read, as make wants it
  Words products;               // files that they make
};

class Workplace {
 public:
  static absl::StatusOr<Workplace> Make(const Source& source, std::string cc);

  const Source& source() const { return source_; }
  const std::string& cc() const { return cc_; }
  const std::string& cc_version() const { return cc_version_; }  // the first line it says of it
  uint32_t clang() const { return clang_; }  // the version, or 0 if it is another compiler

  // The folder of a driver's own file, as its owner wrote it, is `driver` from now on.
  absl::Status AddDriverFolder(const std::string& folder);

  absl::Status Write(const std::string& name, absl::string_view contents) const;
  std::string Read(const std::string& name) const;  // empty if there is none
  // The words of a file of ours, one a line; `#` begins a comment.
  Words ReadNames(const std::string& name) const;
  // The files in a folder, by name.
  absl::StatusOr<Words> FilesIn(const std::string& folder) const;

  // The products of each step, as paths: what the cache has, and what then is made, as many at a
  // time as there are cores.
  absl::StatusOr<std::vector<Words>> MakeAll(const std::vector<Step>& steps);
  absl::StatusOr<Words> MakeOne(const Step& step);
  // A command whose product is not kept.
  absl::Status Run(const std::string& subject, const Words& command) const;
  // And what it says.
  absl::StatusOr<std::string> Output(const std::string& subject, const Words& command) const;

  void CleanUp() const { cache_.DropOldest(); }

 private:
  Workplace(Source source, std::string cc, base::TemporaryFolder folder, Cache cache)
      : source_(std::move(source)),
        cc_(std::move(cc)),
        folder_(std::move(folder)),
        cache_(std::move(cache)) {}

  absl::Status FindTools();
  std::string Said(const std::string& subject, const std::string& log,
                   const std::string& end) const;
  std::string Shown(absl::string_view line) const;
  absl::Status RunIn(const std::string& subject, const Words& command,
                     const std::string& log) const;
  absl::Status RunStep(const Step& step, size_t number) const;

  std::string HashOf(const std::string& name);
  std::string StepKey(const Step& step);
  std::string Hidden(const std::string& name, const Words& folders) const;
  std::string ProductKey(const std::string& step_key, const Step& step, const Words& read);
  Words Find(const Step& step);
  absl::StatusOr<Words> Keep(const Step& step);
  Words ReadBy(const Step& step) const;
  bool Changed(const Words& names) const;
  absl::Status CheckRead(const Step& step, const Words& read) const;

  Source source_;
  std::string driver_;  // folder
  std::string cc_;
  std::string cc_version_;
  uint32_t clang_ = 0;
  std::string tools_;  // which ones, for keys
  timespec started_{};
  base::TemporaryFolder folder_;
  Cache cache_;
  std::map<std::string, std::string> hashes_;  // of files, by name
  // What keys have of a file that was found, by the folders that were looked at.
  std::map<std::string, std::map<std::string, std::string>> found_;
};

}  // namespace hotplug::tree

#endif  // FUZZ_TREE_WORKPLACE_H_
