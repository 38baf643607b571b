// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the parts of the room share: the kernel objects that a driver's C code holds by address,
// and the entry of each call.
#ifndef MODEL_SHIM_INSIDE_H_
#define MODEL_SHIM_INSIDE_H_

#include <array>
#include <string>

#include "model/mm/notifier.h"
#include "model/mm/state.h"
#include "model/shim/shim.h"

namespace hotplug::shim {

inline constexpr uint32_t kMaxDriverNotifiers = 16;
inline constexpr uint32_t kMaxDentries = 128;
inline constexpr uint32_t kMaxName = 32;
inline constexpr uint32_t kMaxWork = 8;

struct Notifier {
  mm::notifier_block nb;
  ::notifier_block* c;  // the driver's own; null: free
};

struct Dentry {
  const file_operations* fops;  // null for a directory and for a file with a value
  void* data;
  uint32_t parent;  // index + 1; 0: the top
  uint32_t handle;  // of a directory, mm's
  uint32_t live;
  uint32_t is_dir;
  std::array<char, kMaxName> name;
};

// Work that waits for the kworker, and the timer that is running. Sets of tasks have a bit for
// each.
struct Queue {
  std::array<work_struct*, kMaxWork> work;  // the oldest first
  work_struct* running;
  hrtimer* timer;
  uint32_t nr_work;
  uint32_t expires;  // tick
  uint32_t expirations;
  uint32_t started;  // the kworker is there
  uint32_t flushers;
  uint32_t rcu_waiters;
};

// The virtio-mem device: its configuration, its memory, the one request on its queue.
struct Device {
  const virtio_driver* driver;  // null: nobody drives it
  virtio_device vdev;
  virtio_config_ops ops;  // here, where C may read it, as the name
  std::array<char, 8> name;
  virtqueue vq;
  const void* out;
  void* in;
  void* data;
  virtio_mem_config config;
  std::array<uint64_t, kMaxBlocks> plugged;  // of each memory block a bit for each device block
  uint32_t first_block;                      // index of the machine's
  uint32_t nr_blocks;
  uint32_t kicked;
  uint32_t answered;
};

// The file that a task has open.
struct OpenFile {
  const file_operations* fops;
  ::inode inode;
  ::file file;
  uint32_t unsafe;  // debugfs_create_file_unsafe()
  uint32_t mapped;  // and so it stays open until the task ends
};

// In the arena, and not hashed: it has pointers.
struct State {
  std::array<sim::Mutex, kMaxLocks> locks;
  std::array<Notifier, kMaxDriverNotifiers> notifiers;
  std::array<Dentry, kMaxDentries> dentries;
  std::array<::memory_block, kMaxBlocks> blocks;
  std::array<OpenFile, kMaxThreads> files;
  Queue queue;
  Device device;
  void (*online_page)(::page*, unsigned int);
  std::array<uint32_t, kMaxThreads> atomic;  // depth of spinlocks of each task
  uint32_t nr_locks;
  uint32_t next_dentry;  // where the search for a free one begins
  uint32_t enable;       // index + 1 of the dentry
  uint32_t rcu_readers;
  uint32_t pad;
  // The objects of kmalloc, where mm's heap has them: that one is hashed, and they have pointers.
  std::array<uint8_t, kHeapBytes> heap;
};
static_assert(offsetof(State, heap) % 8 == 0);

inline State& state() { return *sim::machine->Get<State>(drivers::kDriverRegion); }

struct Inside {
  static Module& module() { return *sim::machine->bound.module; }
  static const Image& image() { return module().image_; }

  // ---- Texts (text.cc) ----
  static uint32_t Text(std::string text);
  static uint32_t SiteText(const hotplug_site* at);
  static const char* TextOf(uint32_t number);
  static const char* FunctionAt(uintptr_t pc) { return module().FunctionAt(pc); }
  // The first report of a run decides what its token blames.
  static void Blame(const std::string& function);
  static void NameCallback(uintptr_t function);

  // ---- Boot and the run (module.cc) ----
  static void Init(uint32_t);
  static void RunInitcalls();
  static void InitEntry(uint32_t task);
  static void Reset();
  static void StartRun();
  static void Covered(uintptr_t pc);
  // The kworker (work.cc).
  static void Start();
  // The device (virtio.cc): its memory is known to the ledger; an answer to a request is waited for
  // here, if there is one under way.
  static void AddDevice();
  static bool HostAnswers();
  static std::string& LockName(uint32_t number) { return module().lock_names_[number]; }
  // An access to what other tasks may reach.
  static void Shared(int write, uintptr_t pc);
};

// A call begins: notes where, and whether it may be made here. What the call does makes the step.
enum class Context { kAny, kSleeps };
void Enter(const hotplug_site* at, Context context);
// The same of a call that is made for each page: it is noted once for many in a row.
void EnterLoop(const hotplug_site* at, Context context);
// The same of a call that has no step of its own, with one.
void EnterStep(const hotplug_site* at, Context context);

// Runs a handler of an interrupt, which must not sleep, in the running task.
template <class F>
void Interrupt(F handler) {
  uint32_t& atomic = state().atomic[sim::current_task().v];
  ++atomic;
  handler();
  --atomic;
}

// As the vocabulary has them (memory.h).
inline constexpr uint64_t kPageOffset = 0xc000000000000000;
inline constexpr uint64_t kVmemmap = 0xf000000000000000;
inline constexpr uint64_t kStructPage = 64;

inline constexpr uintptr_t kNullPage = 4096;

// The name of a file without its folder.
std::string Base(const char* path);

// What the kernel says. An oops ends the machine.
[[noreturn]] void Oops(const char* what, const char* function);
void Kasan(const std::string& text, const std::string& function);
// Says that a call fails which a real machine might carry out.
void SayNotSimulated(const char* what);
// The machine ends, as what the driver asks for cannot fail and there is none.
[[noreturn]] void EndNotSimulated(const char* what, const char* function);

// printf of the kernel.
int FormatKernel(char* to, size_t size, const char* format, va_list args, uintptr_t pc);

// Which object of mm's heap an address belongs to, be it inside or behind it; null for none.
const mm::heap_object* ObjectOf(uintptr_t address);
void Access(uintptr_t address, size_t size, int write, uintptr_t pc);
// How many bytes C code may read from an address on, whatever they are; 0: none. What an object of
// kmalloc has of them, if it is one, CheckHeap() says.
size_t ReadableFrom(uintptr_t address);
void CheckHeap(uintptr_t address, size_t size, const char* function);
// An oops unless the kernel may read an object that C code hands over.
template <class T>
void CheckObject(const T* object, const char* function) {
  if (ReadableFrom(reinterpret_cast<uintptr_t>(object)) >= sizeof(T)) return;
  Oops(reinterpret_cast<uintptr_t>(object) < kNullPage
           ? "Unable to handle kernel NULL pointer dereference"
           : "Unable to handle kernel paging request",
       function);
}

// The parts of the table that drivers get.
void FillHeap(hotplug_kernel* k);
void FillFiles(hotplug_kernel* k);
void FillLocks(hotplug_kernel* k);
void FillMemory(hotplug_kernel* k);
void FillNotifiers(hotplug_kernel* k);
void FillPages(hotplug_kernel* k);
void FillText(hotplug_kernel* k);
void FillVirtio(hotplug_kernel* k);
void FillWork(hotplug_kernel* k);

inline constexpr uintptr_t kErrors = static_cast<uintptr_t>(-4095);
// IS_ERR()
inline bool IsError(const void* p) { return reinterpret_cast<uintptr_t>(p) >= kErrors; }

// The file that scenarios know as memtrace/enable.
int EnableSet(uint64_t value);
uint64_t EnableGet();
// Its path; it is looked for when the machine has booted. Empty: there is none.
std::string FindEnable();
// Those that they know as memtrace/N/trace.
extern const mm::debugfs_fops kTraceFops;

int32_t Notify(const mm::notifier_block& nb, uint32_t action, const mm::memory_notify_arg& arg);
// A notifier block lies in memory of the running task's stack, or of an object that is freed.
bool RegisteredWithin(uintptr_t begin, uintptr_t end);

// The device's requested size in bytes, which the host rounds down to what it can do.
bool HasDevice();
int SetRequestedSize(uint64_t bytes);
uint64_t RequestedSize();
// Whether the host has given the pages, as far as they are the device's.
bool IsPluggedIn(mm::Pfn start, uint32_t nr_pages);

void OnlinePage(mm::Pfn pfn, uint32_t order);

// The contiguous memory that the driver knows of: its start lies somewhere in its memory.
uint32_t Ranges(drivers::Range* out, uint32_t max);
// Each range that a driver takes in a run is remembered. False, and it is said, if it is one too
// many.
bool IsRangeLeft();

}  // namespace hotplug::shim

#endif  // MODEL_SHIM_INSIDE_H_
