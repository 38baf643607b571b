// SPDX-License-Identifier: GPL-2.0-or-later
//
// A world that runs: an image, booted as a machine, and its state, which can be copied out and
// back.
//
//   tree::World world(std::move(image));
//   world.Bind(bound);
//   if (const int rc = world.Boot(machine); rc != 0) ... world.ReportText(...)
//   ... SpawnTask, AddTask: tasks call the functions of kernel.h
//   world.Reset();  // as it was after the boot
#ifndef MODEL_TREE_WORLD_H_
#define MODEL_TREE_WORLD_H_

#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "model/tree/functions.h"
#include "model/tree/image.h"
#include "model/tree/places.h"
#include "model/tree/state.h"

namespace hotplug::tree {

// What the kernel side asks of whoever runs it. Null: NOTIFY_OK to everything; nothing fails.
struct Bound {
  int32_t (*answer)(uint32_t notifier, uint32_t action,
                    const world::memory_notify_arg& arg) = nullptr;
  // The name of a function that can be made to fail; 0 or a negative errno.
  int (*fault)(const char* function) = nullptr;
  // The name of the callback of a notifier that a driver's own file registers.
  void (*named)(const std::string& callback) = nullptr;
};

// All that decides what the kernel side does next, but for the machine's arena and for where tasks
// are: its variables, its memory, and what is on the stacks of its tasks.
struct Snapshot {
  std::vector<std::byte> state;
  std::vector<std::byte> arena;
  std::vector<std::byte> stacks;
};

class World {
 public:
  // `names`: the functions that preemptions can be anchored at. Without a ledger nothing is told:
  // what a run takes by itself.
  explicit World(std::unique_ptr<Image> image, const FunctionNames& names = {},
                 bool with_ledger = true);
  virtual ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const Image& image() const { return *image_; }
  const Functions& functions() const { return functions_; }
  const world_page_layout& page_layout() const { return page_layout_; }
  // What the driver reserves stays online.
  bool driver_keeps_blocks() const { return keeps_blocks_; }
  void Bind(const Bound& bound) { bound_ = bound; }
  const Bound& bound() const { return bound_; }

  // Boots the machine, outside of any task, in an arena of sim that has been cleared and of which
  // it carves geometry and its own region: 0, a negative errno of the kernel's, or -EFAULT if the
  // boot has faulted, which is reported.
  int Boot(const world_machine& machine);
  // The end of the boot of a machine with a driver's own file, when the ledger has been set up: its
  // initcalls. The errno of the first one that fails; -EFAULT if one has faulted.
  int InitDriver();
  // Before that. Null: the parameter is there, without a value.
  static int SetParam(const char* name, const char* value);
  // As it was at the end of the boot; sim's machine has a template of its own.
  void Reset();

  // `stacks`: of those tasks that have not ended, too.
  void Save(bool stacks, Snapshot* to) const;
  void Load(const Snapshot& from);
  size_t arena_used() const { return static_cast<size_t>(*image_->exports().arena_used); }
  // Of all of it, for the search for loops and for checks of Reset(), within one build of a world.
  uint64_t RawDigest() const;

  // Where its tasks were.
  Places& places() { return places_; }

  // The running task calls the host, with this frame pointer of the kernel's.
  void Enter(const void* frame);

  // From now on what lies on the stacks of the kernel below what it uses is zero whenever it goes
  // on, or left as it is.
  void WipeStacks(bool wipe);
  void Wipe(uintptr_t top) const;  // below that address, if so

  // Texts of this run, by their numbers: lines of printk and reports.
  uint16_t AddText(std::string text);
  const std::string& Text(uint32_t number) const { return texts_[number]; }
  // The run has been put back to where it had so many texts.
  void PutBack(uint32_t nr_texts) {
    texts_.resize(nr_texts);
    places_.Clear();
  }
  uint32_t nr_texts() const { return static_cast<uint32_t>(texts_.size()); }

  // The class of a lock, by its name in the kernel; null is for one that the linker has named.
  uint8_t LockClassOf(uint32_t address, const char* name);
  // The name of a class behind world::kLockClasses.
  const std::string& LockName(uint8_t lock_class) const {
    return other_locks_[lock_class - world::kLockClasses];
  }

 private:
  void HandleFaults();
  int BootKernel(const world_machine& machine);
  static void OnFault(int signal, siginfo_t* info, void* context);

  std::unique_ptr<Image> image_;
  Functions functions_;
  world_page_layout page_layout_;
  bool keeps_blocks_;
  Places places_;
  Bound bound_;
  Snapshot template_;
  std::vector<std::string> texts_;
  std::vector<std::string> other_locks_;
  struct sigaction before_[32] = {};  // by signal
};

// The world of this thread's machine.
inline World& world_of_machine() { return *sim::machine->bound.tree; }
inline const world_exports& kernel() { return world_of_machine().image().exports(); }

// Calls the kernel on the stack of the running task, or of the boot.
long CallKernel(const void* function, long a = 0, long b = 0, long c = 0);

// What is reported ends the run where nothing can go on.
[[noreturn]] void Die(ReportKind kind, uintptr_t pc, uint64_t address, std::string text);
// In words: "BUG: failure at mm/page_alloc.c:1000/f()!", "fault at 0x8 in page_zone+0x12".
std::string ReportText(const Report& report);

}  // namespace hotplug::tree

#endif  // MODEL_TREE_WORLD_H_
