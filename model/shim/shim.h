// SPDX-License-Identifier: GPL-2.0-or-later
//
// A driver's own .c file as a driver of the simulated machine. The file is compiled against the
// vocabulary in include/ and loaded by somebody else (fuzz/driver); here is what it runs on.
//
//   shim::Module module(std::move(image));
//   run::RunOptions options;
//   options.driver = &module.driver();
//   run::Run(scenario, options, &outcome);
//
// The static data of a file exists once in the process: a module is of one thread. It is set back
// before each run to what it was when the machine had booted.
#ifndef MODEL_SHIM_SHIM_H_
#define MODEL_SHIM_SHIM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/drivers/driver.h"
#include "model/shim/include/hotplug/abi.h"

namespace hotplug::shim {

inline constexpr uint32_t kMaxLocks = 16;  // of a file
inline constexpr uint32_t kMaxBasicBlocks = UINT16_MAX;
// Bytes of a file when it is loaded. All static data is copied for each run.
inline constexpr size_t kMaxImage = size_t{16} << 20;

// A function of the file.
struct Function {
  uintptr_t start;
  size_t size;
  std::string name;
};

// A file as it was loaded.
struct Image {
  std::string name;  // of the driver
  hotplug_module module{};
  uintptr_t begin = 0;  // of all that was loaded
  uintptr_t end = 0;
  std::byte* data = nullptr;  // what the file can write to
  size_t data_bytes = 0;
  std::vector<Function> functions;
  // Where each basic block returns to from its call of us, by address.
  std::vector<uintptr_t> blocks;
};

struct Options {
  bool preempt_memory = false;  // a scheduling point at each access to static data and to the heap
  // Of nr_counters bytes: one becomes 1 with each basic block that runs. For a fuzzer, which
  // empties them; null: nobody looks at them.
  uint8_t* counters = nullptr;
  uint32_t nr_counters = 0;
};

class Module {
 public:
  explicit Module(Image image, Options options = {});
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  const drivers::Driver& driver() const { return driver_; }
  const Image& image() const { return image_; }

  // After the first run: the errno of the first initcall that failed, or 0; how the initcalls did
  // not come to their end, or ""; and the file that scenarios write to as memtrace/enable, or ""
  // without one.
  int init_error() const { return init_error_; }
  const std::string& init_report() const { return init_report_; }
  const std::string& enable() const { return enable_; }

  // The machine ends with an oops of the code at `pc`. For who sees a fault in code of the file.
  [[noreturn]] void Oops(const char* what, uintptr_t pc) const;

  // The function that an address is in, "?" for none.
  const char* FunctionAt(uintptr_t pc) const;

  // Where the last basic block that ran has called us, 0 before the first; and a number that grows
  // with each block and each run.
  uintptr_t last_block() const { return last_block_; }
  uint64_t progress() const { return progress_; }

  // Whether a basic block of the image has ever run, in the order of its table.
  const std::vector<uint8_t>& covered() const { return covered_; }

 private:
  friend struct Inside;  // the parts of the room

  Image image_;
  Options options_;
  drivers::Driver driver_;
  std::vector<std::byte> loaded_;       // the static data as the file has it
  std::vector<std::byte> booted_;       // and after its initcalls
  std::vector<std::string> sites_;      // texts of the calls, by file and line
  std::vector<std::string> functions_;  // FILE:FUNCTION of each of them
  std::vector<uint32_t> ranks_;         // place of each call among them
  std::vector<std::string> texts_;      // what was said in this run
  std::vector<uint16_t> block_at_;      // of what lies at an offset of the image: its number
  std::vector<uint8_t> covered_;
  std::array<std::string, kMaxLocks> lock_names_;
  std::string culprit_;   // of the first report of this run: FILE:FUNCTION
  std::string callback_;  // name of the notifier that was registered last
  std::string enable_;
  std::string init_report_;
  int init_error_ = 0;
  uint32_t step_ = 0;    // the last step that a basic block ran behind
  uint32_t blocks_ = 0;  // how many have run since
  uintptr_t last_block_ = 0;
  uint64_t progress_ = 0;
};

// Texts by number (%T): the calls of a file, what it has said, and then FILE:FUNCTION of a call,
// and of whom the kernel blames.
inline constexpr uint32_t kFunctionOf = 1u << 31;
inline constexpr uint32_t kCulprit = UINT32_MAX;
inline constexpr uint32_t kNameOfLock = 1u << 30;  // + its class

enum : sim::Tp {
  kTpCall = sim::kShimPoints.first,
  kTpAccess,
  kTpPrintk,
  kTpKasan,
  kTpOops,
  kTpBug,
  kTpWarn,
};

enum : sim::Tp {
  kTpQueueWork = sim::kShimWorkPoints.first,
  kTpCancelWork,
  kTpTimer,
  kTpWorkDone,
  kTpVirtioRequest,  // + VIRTIO_MEM_REQ_*
};

// clang-format off
inline constexpr sim::TracePoint kTracePoints[] = {
    {kTpCall,   "call",           "%T"},
    {kTpAccess, "access",         "%T"},
    {kTpPrintk, "printk",         "%T", true},
    {kTpKasan,  "kasan_report",   "BUG: KASAN: %T", true},
    {kTpOops,   "bad_page_fault", "%T", true},
    {kTpBug,    "BUG",            "%T", true},
    {kTpWarn,   "__warn",         "%T", true},
};
inline constexpr sim::TracePoint kWorkTracePoints[] = {
    {kTpQueueWork,  "queue_work",       "= %u"},
    {kTpCancelWork, "cancel_work_sync", "= %u"},
    {kTpTimer,      "hrtimer",          "start=%u active=%u"},
    {kTpWorkDone,   "workqueue_execute_end", ""},
    {kTpVirtioRequest,     "virtio_mem", "plug %b blocks=%u = %u"},
    {kTpVirtioRequest + 1, "virtio_mem", "unplug %b blocks=%u = %u"},
    {kTpVirtioRequest + 2, "virtio_mem", "unplug_all %_%_= %u"},
    {kTpVirtioRequest + 3, "virtio_mem", "state %b blocks=%u = %u"},
};
// clang-format on

}  // namespace hotplug::shim

#endif  // MODEL_SHIM_SHIM_H_
