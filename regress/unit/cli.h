// SPDX-License-Identifier: GPL-2.0-or-later
//
// hotplug-fuzz from outside: the binary that lies beside the tests, in an empty folder.
#ifndef REGRESS_UNIT_CLI_H_
#define REGRESS_UNIT_CLI_H_

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "regress/unit/catch.h"

namespace hotplug {

namespace fs = std::filesystem;

inline constexpr char kFails[] =
    "scenario 1\n"
    "driver rfc_v1\n"
    "machine kernel=rfc debug_vm=off auto_online=off pages_per_block=16 pageblock_pages=4 "
    "max_order=2\n"
    "memory 4-6 node=0 zone=Normal\n"
    "notifier A priority=7\n"
    "  answer MEM_GOING_OFFLINE nth=2 -EBUSY\n"
    "task memtrace-1\n"
    "  read memtrace/enable\n"
    "  write memtrace/enable 0x20000000\n"
    "task user-2\n"
    "  sleep 9\n"
    "at user-2 1 run memtrace-1\n";

struct Result {
  int code;
  std::string out;  // stdout, and stderr unless it was redirected elsewhere
};

// An empty folder of its own for each test, and hotplug-fuzz in it.
class Cli {
 public:
  Cli() {
    std::string name = (fs::temp_directory_path() / "cli_test.XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    INFO("build hotplug-fuzz first");
    REQUIRE(Built("hotplug-fuzz"));
    Write("fails.scn", kFails);
    Write("empty", "");
  }
  ~Cli() { fs::remove_all(folder_); }
  Cli(const Cli&) = delete;
  Cli& operator=(const Cli&) = delete;

  Result operator()(const std::string& args, const std::string& redirect = "2>&1") const {
    return Run("hotplug-fuzz", args, redirect);
  }
  // Another binary that lies beside the tests.
  static bool Built(const char* binary) { return fs::exists(Beside() / binary); }
  Result Run(const char* binary, const std::string& args,
             const std::string& redirect = "2>&1") const {
    return Shell("'" + (Beside() / binary).string() + "' " + args + " " + redirect + " </dev/null");
  }
  // Commands for the shell, in the folder; $RUN is hotplug-fuzz.
  Result Shell(const std::string& commands) const {
    const std::string command = "cd '" + folder_.string() + "' && RUN='" +
                                (Beside() / "hotplug-fuzz").string() + "'; " + commands;
    std::FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Result r{0, ""};
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) r.out += static_cast<char>(c);
    const int status = pclose(pipe);
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return r;
  }
  void Write(const std::string& name, const std::string& contents) const {
    std::ofstream(folder_ / name, std::ios::binary) << contents;
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  bool Exists(const std::string& name) const { return fs::exists(folder_ / name); }
  const fs::path& folder() const { return folder_; }

 private:
  static fs::path Beside() { return fs::read_symlink("/proc/self/exe").parent_path(); }

  fs::path folder_;
};

inline bool Has(const std::string& text, const std::string& part) {
  INFO(text);
  const bool has = text.find(part) != std::string::npos;
  CHECK(has);
  return has;
}

inline bool Begins(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.substr(0, part.size()) == part);
  return text.substr(0, part.size()) == part;
}

}  // namespace hotplug

#endif  // REGRESS_UNIT_CLI_H_
