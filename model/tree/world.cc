// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/tree/world.h"

#include <cstring>
#include <utility>

#include "model/sim/sched.h"
#include "model/tree/call.h"
#include "model/tree/driver.h"
#include "model/tree/host.h"
#include "model/tree/ledger.h"
#include "model/tree/tracepoints.h"
#include "model/world/geometry.h"
#include "model/world/ledger.h"

namespace hotplug::tree {

namespace {

std::byte* Arena() { return reinterpret_cast<std::byte*>(WORLD_ARENA); }
std::byte* Stacks() { return reinterpret_cast<std::byte*>(WORLD_STACKS); }

// Who runs is no part of it: a loop waits for a change, whoever has run meanwhile.
uint64_t HashOutside() {
  kernel().run(WORLD_TASKS, 0, 0);
  const uint64_t digest = world_of_machine().RawDigest();
  if (InTask()) RunCurrentTask();
  return digest;
}

}  // namespace

// ---- Life ---------------------------------------------------------------------------------------

World::World(std::unique_ptr<Image> image, const FunctionNames& names, bool with_ledger)
    : image_(std::move(image)),
      page_layout_(image_->exports().page),
      keeps_blocks_(!DriverRemovesMemory(image_->exports())),
      places_(*image_) {
  FillHost(image_->exports().host);
  if (with_ledger) FillLedger(image_->exports().host);
  if (with_ledger) functions_.Tell(*image_, names, LedgerWatchers());
  HandleFaults();
}

// ---- Boot ---------------------------------------------------------------------------------------

namespace {

void InitGeometry(const world_exports& kernel, const world_machine& m) {
  world::Geometry& g = *sim::machine->Carve<world::Geometry>(world::kGeometryRegion, 1, false);
  const uint32_t order = kernel.order_of_block;
  const bool gap = m.gap_blocks != 0;
  g.first_block = m.first_block;
  g.nr_blocks = m.nr_blocks;
  g.block_order = static_cast<uint8_t>(order);
  g.pageblock_order = static_cast<uint8_t>(kernel.order_of_pageblock);
  g.max_order = static_cast<uint8_t>(kernel.largest_order);
  g.page_shift = 12;
  g.first_pfn = m.first_block << order;
  g.nr_pages = m.nr_blocks << order;
  g.gap_index = gap ? m.gap_index : UINT32_MAX;
  g.gap_blocks = m.gap_blocks;
  g.gap_pages_index = gap ? m.gap_index << order : UINT32_MAX;
  g.gap_pages = m.gap_blocks << order;
}

}  // namespace

// A boot begins with a world that has never run, and memory that is zero.
int World::BootKernel(const world_machine& machine) {
  const size_t used = arena_used();
  std::memset(Arena(), 0, used);
  std::memcpy(image_->exports().state, image_->pristine().data(), image_->pristine().size());
  const auto* boot = reinterpret_cast<const void*>(image_->exports().boot);
  return static_cast<int>(CallKernel(boot, reinterpret_cast<long>(&machine)));
}

int World::Boot(const world_machine& machine) {
  HOTPLUG_CHECK(sim::machine->sim().current == sim::FiberPool::kMain);
  InitGeometry(image_->exports(), machine);
  sim::machine->Carve<State>(kTreeRegion, 1, false);
  sim::machine->bound.tree = this;
  sim::machine->hooks.state = &HashOutside;
  texts_.clear();
  places_.Clear();
  other_locks_.clear();
  ForgetFrames();
  const int rc = BootKernel(machine);
  if (rc == 0) state().booted = 1;
  Save(false, &template_);
  return rc;
}

int World::SetParam(const char* name, const char* value) {
  return static_cast<int>(CallKernel(reinterpret_cast<const void*>(kernel().set_param),
                                     reinterpret_cast<long>(name), reinterpret_cast<long>(value)));
}

// What they allocate and register is of no call of any task.
int World::InitDriver() {
  const auto* init = reinterpret_cast<const void*>(image_->exports().init_driver);
  const int rc = static_cast<int>(CallKernel(init));
  world::CallReturned();
  world::EndStep(0);
  Save(false, &template_);
  return rc;
}

void World::Reset() {
  image_->exports().reached->since = 0;
  ForgetFrames();
  const size_t used = arena_used();
  if (used > template_.arena.size()) {
    std::memset(Arena() + template_.arena.size(), 0, used - template_.arena.size());
  }
  Load(template_);
  texts_.clear();
  places_.Clear();
  other_locks_.clear();
}

// ---- State --------------------------------------------------------------------------------------

void World::Save(bool stacks, Snapshot* to) const {
  const world_exports& kernel = image_->exports();
  const auto* state_bytes = reinterpret_cast<const std::byte*>(kernel.state);
  to->state.assign(state_bytes, state_bytes + (kernel.state_end - kernel.state));
  to->arena.assign(Arena(), Arena() + arena_used());
  to->stacks.clear();
  for (uint32_t i = 0; stacks && i < sim::sim().nr_tasks; ++i) {
    if (sim::task(sim::TaskId{i}).state == sim::TaskState::kDone) continue;
    const std::byte* top = Stacks() + (i + 1) * WORLD_STACK_BYTES;
    to->stacks.insert(to->stacks.end(), top - WORLD_STACK_BYTES + 4096, top);
  }
}

void World::Load(const Snapshot& from) {
  std::memcpy(image_->exports().state, from.state.data(), from.state.size());
  std::memcpy(Arena(), from.arena.data(), from.arena.size());
  const std::byte* at = from.stacks.data();
  for (uint32_t i = 0; !from.stacks.empty() && i < sim::sim().nr_tasks; ++i) {
    if (sim::task(sim::TaskId{i}).state == sim::TaskState::kDone) continue;
    std::memcpy(Stacks() + i * WORLD_STACK_BYTES + 4096, at, WORLD_STACK_BYTES - 4096);
    at += WORLD_STACK_BYTES - 4096;
  }
}

namespace {

uint64_t MixBytes(uint64_t digest, const std::byte* at, size_t size) {
  uint64_t word = 0;
  for (; size >= sizeof(word); at += sizeof(word), size -= sizeof(word)) {
    std::memcpy(&word, at, sizeof(word));
    digest = sim::MixDigest(digest, word);
  }
  word = 0;
  std::memcpy(&word, at, size);
  return sim::MixDigest(digest, word);
}

}  // namespace

uint64_t World::RawDigest() const {
  const world_exports& kernel = image_->exports();
  const uint64_t digest = MixBytes(0, reinterpret_cast<const std::byte*>(kernel.state),
                                   static_cast<size_t>(kernel.state_end - kernel.state));
  return MixBytes(digest, Arena(), arena_used());
}

// ---- Texts, names -------------------------------------------------------------------------------

uint16_t World::AddText(std::string text) {
  texts_.push_back(std::move(text));
  return static_cast<uint16_t>(texts_.size() - 1);
}

namespace {

// Names of locks in the kernel, where they are not those of the table.
struct LockRow {
  const char* name;
  world::LockClass lock_class;
};
constexpr LockRow kLocks[] = {
    {"device_hotplug_lock", world::kDeviceHotplugLock},
    {"&dev->mutex", world::kDeviceLock},
    {"cpu_hotplug_lock", world::kCpuHotplugLock},
    {"mem_hotplug_lock", world::kMemHotplugLock},
    {"pcp_batch_high_lock", world::kPcpBatchHighLock},
    {"memory_chain", world::kMemoryChain},
};
constexpr uint32_t kLastClass = 15;

}  // namespace

uint8_t World::LockClassOf(uint32_t address, const char* name) {
  const Symbol* symbol = name == nullptr ? image_->SymbolAt(address) : nullptr;
  const std::string of = name != nullptr ? name : symbol != nullptr ? symbol->name : "a lock";
  for (const LockRow& row : kLocks) {
    if (of == row.name) return row.lock_class;
  }
  uint32_t number = 0;
  while (number < other_locks_.size() && other_locks_[number] != of) ++number;
  if (number == other_locks_.size()) {
    if (world::kLockClasses + number > kLastClass) return kLastClass;
    other_locks_.push_back(of);
  }
  return static_cast<uint8_t>(world::kLockClasses + number);
}

// ---- Calls --------------------------------------------------------------------------------------

// Without a call of the host this is a loop, where every schedule is wanted and one has little
// time.
constexpr uint32_t kStallBlocks = 1 << 15;
static_assert(kStallBlocks < WORLD_STALL_BLOCKS);

void World::Enter(const void* frame) {
  const world_exports& exports = image_->exports();
  exports.reached->since = exports.host->wipe != 0 ? WORLD_STALL_BLOCKS - kStallBlocks : 0;
  if (!InTask()) return;
  places_.Note(frame);
  state().entered[sim::current_task().v] =
      static_cast<uint32_t>(reinterpret_cast<uintptr_t>(frame));
}

// Words of a stack that a call of the host may use.
constexpr uint64_t kWipedWords = 1024;

void World::Wipe(uintptr_t top) const {
  const uint64_t bytes = image_->exports().host->wipe * sizeof(uint64_t);
  if (bytes != 0) std::memset(reinterpret_cast<void*>(top - bytes), 0, bytes);
}

void World::WipeStacks(bool wipe) { image_->exports().host->wipe = wipe ? kWipedWords : 0; }

// The kernel may be called from within a call, as notifiers do: that is on its stack already.
long CallKernel(const void* function, long a, long b, long c) {
  const uint32_t stack = RunningStack();
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (OnStack(stack, here)) {
    return reinterpret_cast<long (*)(long, long, long)>(const_cast<void*>(function))(a, b, c);
  }
  if (InTask()) RunCurrentTask();
  ++state().nr_inside;
  world_of_machine().Wipe(StackTop(stack));
  const long rc = hotplug_tree_call(function, StackTop(stack), a, b, c);
  if (InTask()) state().entered[stack] = 0;
  if (InTask() && sim::current().held != 0) NoteHeldLock();
  if (--state().nr_inside == 0 && state().booted != 0) {
    const auto* rest = reinterpret_cast<const void*>(kernel().rest);
    hotplug_tree_call(rest, StackTop(stack), 0, 0, 0);
  }
  return rc;
}

}  // namespace hotplug::tree
