// SPDX-License-Identifier: GPL-2.0-or-later
//
// main() for a fuzz target without libFuzzer: runs inputs once each, in this order.
//
//   replay_TARGET FILE|DIR...                        files, and the files in directories
//   replay_TARGET --random=N --seed=S [--max-len=L]  N random byte strings of 0 to L bytes
//
// Silent but for one line, `N inputs`. When an input ends the process, its name is printed;
// random ones as hexadecimal digits, which `xxd -r -p` turns into a file.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "model/scenario/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr uint64_t kDefaultMaxLen = 512;
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
  std::fprintf(stderr, "replay: ended by %s\n", running.c_str());
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
  std::fprintf(stderr, "replay: %s\n", what.c_str());
  std::exit(kUsage);
}

// Whether `arg` is `--name=NUMBER`.
bool NumberFlag(const char* arg, const char* name, uint64_t* value) {
  const size_t length = std::strlen(name);
  if (std::strncmp(arg, name, length) != 0) return false;
  const char* digits = arg + length;
  char* end = nullptr;
  *value = std::strtoull(digits, &end, 10);
  if (*digits < '0' || *digits > '9' || *end != '\0') Fail(std::string(arg) + ": not a number");
  return true;
}

Options ParseArguments(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (NumberFlag(argv[i], "--random=", &options.random)) continue;
    if (NumberFlag(argv[i], "--seed=", &options.seed)) continue;
    if (NumberFlag(argv[i], "--max-len=", &options.max_len)) continue;
    if (argv[i][0] == '-') Fail(std::string(argv[i]) + ": unknown flag");
    options.paths.emplace_back(argv[i]);
  }
  if (options.max_len >= UINT32_MAX) Fail("--max-len is too large");
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
  if (error) Fail(path + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

void ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail(path + ": " + std::strerror(errno));
  input.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
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
  if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&argc, &argv);
  const Options options = ParseArguments(argc, argv);
  std::signal(SIGABRT, OnAbort);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(SayWhatRan);
  const uint64_t from_files = RunFiles(options);
  const uint64_t inputs = from_files + RunRandom(options);
  std::printf("%llu inputs\n", static_cast<unsigned long long>(inputs));
  return 0;
}
