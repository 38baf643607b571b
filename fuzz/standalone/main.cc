// SPDX-License-Identifier: GPL-2.0-or-later
//
// main() for a fuzz target without libFuzzer: runs inputs once each, in this order.
//
//   replay_TARGET FILE|DIR...                        files, and the files in directories
//   replay_TARGET --random=N --seed=S [--max-len=L]  N random byte strings of 0 to L bytes
//
// Files are of 64 MiB at most, and L at most 1 MiB. What cannot be read or written ends it with
// exit code 2.
//
// Silent but for one line, `N inputs`. When an input ends the process, its name is printed;
// random ones as hexadecimal digits, which `xxd -r -p` turns into a file.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "model/scenario/echo.h"
#include "model/scenario/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr uint64_t kDefaultMaxLen = 512;
constexpr uint64_t kMostMaxLen = 1 << 20;
constexpr uint64_t kMostRandom = 1000 * 1000 * 1000;
constexpr size_t kMaxFileMiB = 64;
constexpr int kUsage = 2;

struct Options {
  std::vector<std::string> paths;
  uint64_t random = 0;
  uint64_t seed = 0;
  uint64_t max_len = kDefaultMaxLen;
};

// What is running, for the moment when it ends the process.
std::string running;
std::vector<uint8_t> input;

void SayWhatRan() {
  if (running.empty()) return;
  std::fprintf(stderr, "replay: ended by %s\n", hotplug::EchoName(running).c_str());
  if (running[0] == '-') {
    for (uint8_t byte : input) std::fprintf(stderr, "%02x", byte);
    std::fputc('\n', stderr);
  }
  running.clear();
}

void OnAbort(int signal) {
  SayWhatRan();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "replay: %s\n", hotplug::EchoMessage(what).c_str());
  std::exit(kUsage);
}

// What is not a flag of ours is one of the target, or wrong.
void InitializeTarget(std::vector<char*> args) {
  for (size_t i = 1; i < args.size(); ++i) {
    if (LLVMFuzzerInitialize == nullptr || args[i][1] != '-') {
      Fail(std::string(args[i], strnlen(args[i], 80)) +
           ": unknown flag; expected --random=, --seed=, --max-len= or one of the target");
    }
  }
  int argc = static_cast<int>(args.size());
  args.push_back(nullptr);
  char** argv = args.data();
  if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&argc, &argv);
}

// Whether `arg` is `--name=NUMBER`.
bool NumberFlag(std::string_view arg, std::string_view name, uint64_t most, uint64_t* value) {
  if (!arg.starts_with(name)) return false;
  const std::string_view digits = arg.substr(name.size());
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), *value);
  if (error != std::errc() || end != digits.end() || *value > most ||
      (digits.size() > 1 && digits[0] == '0')) {
    Fail(std::string(name) + ": expected a number up to " + std::to_string(most));
  }
  return true;
}

Options ParseArguments(int argc, char** argv) {
  Options options;
  std::vector<char*> of_target = {argv[0]};
  for (int i = 1; i < argc; ++i) {
    if (NumberFlag(argv[i], "--random=", kMostRandom, &options.random)) continue;
    if (NumberFlag(argv[i], "--seed=", UINT64_MAX, &options.seed)) continue;
    if (NumberFlag(argv[i], "--max-len=", kMostMaxLen, &options.max_len)) continue;
    if (argv[i][0] == '-') {
      of_target.push_back(argv[i]);
    } else {
      options.paths.emplace_back(argv[i]);
    }
  }
  InitializeTarget(std::move(of_target));
  if (options.paths.empty() && options.random == 0) {
    Fail("usage: FILE|DIR... or --random=N --seed=S [--max-len=L]");
  }
  return options;
}

// The file, or the regular files in the directory, by name.
std::vector<std::string> Files(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {path};
  std::vector<std::string> files;
  std::filesystem::recursive_directory_iterator entry(path, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    if (entry->is_regular_file(error)) files.push_back(entry->path().string());
  }
  if (error) Fail(hotplug::EchoName(path) + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

void ReadFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) Fail(hotplug::EchoName(path) + ": " + std::strerror(errno));
  std::array<uint8_t, size_t{1} << 16> part;
  input.clear();
  size_t got = 0;
  do {
    got = std::fread(part.data(), 1, part.size(), file);
    input.insert(input.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got));
  } while (got > 0 && input.size() <= kMaxFileMiB << 20);
  if (std::ferror(file) != 0) Fail(hotplug::EchoName(path) + ": " + std::strerror(errno));
  std::fclose(file);
  if (input.size() <= kMaxFileMiB << 20) return;
  Fail(hotplug::EchoName(path) + ": is larger than " + std::to_string(kMaxFileMiB) + " MiB");
}

void RunInput(const std::string& name) {
  running = name;
  // A copy of exactly its size, so that a sanitizer sees reads behind the end.
  const std::vector<uint8_t> data(input.begin(), input.end());
  LLVMFuzzerTestOneInput(data.data(), data.size());
  running.clear();
}

uint64_t RunFiles(const Options& options) {
  uint64_t inputs = 0;
  for (const std::string& path : options.paths) {
    for (const std::string& file : Files(path)) {
      ReadFile(file);
      RunInput(file);
      ++inputs;
    }
  }
  return inputs;
}

uint64_t RunRandom(const Options& options) {
  hotplug::scenario::Random random(options.seed);
  for (uint64_t i = 0; i < options.random; ++i) {
    input.resize(random.Between(0, static_cast<uint32_t>(options.max_len)));
    for (uint8_t& byte : input) byte = static_cast<uint8_t>(random.Below(256));
    RunInput("--random input " + std::to_string(i + 1) +
             " of --seed=" + std::to_string(options.seed));
  }
  return options.random;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseArguments(argc, argv);
  std::signal(SIGABRT, OnAbort);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(SayWhatRan);
  const uint64_t from_files = RunFiles(options);
  const uint64_t inputs = from_files + RunRandom(options);
  std::printf("%llu inputs\n", static_cast<unsigned long long>(inputs));
  if (std::fflush(stdout) != 0) Fail(std::string("standard output: ") + std::strerror(errno));
  return 0;
}
