// SPDX-License-Identifier: GPL-2.0-or-later
//
// A virtio-mem device and its host (virtio 1.2, section 5.15): what it answers is what the
// specification lets it answer. Its memory are the blocks of the machine's upper half.
#include <algorithm>
#include <cstring>

#include "model/mm/fault.h"
#include "model/mm/page.h"
#include "model/shim/inside.h"

namespace hotplug::shim {

namespace {

using mm::BlockId;
using mm::Pfn;

// Between a request and its answer others run.
constexpr sim::Ticks kAnswerTicks{2};
// What may be plugged beyond the requested size, so that blocks of any alignment can be had.
constexpr uint64_t kUsableExtent = 2 * kBlockBytes;
constexpr uint32_t kMaxPartsOfBlock = 64;

Device& device() { return state().device; }

// ---- Its blocks, which are a pageblock large unless that are too many ----

uint32_t PagesOfPart() {
  return std::max(mm::PagesPerPageblock(), mm::PagesPerBlock() / kMaxPartsOfBlock);
}
uint64_t BytesOfPart() { return uint64_t{PagesOfPart()} << mm::PageShift(); }
uint32_t PartsOfBlock() { return mm::PagesPerBlock() / PagesOfPart(); }

uint64_t RegionStart() { return uint64_t{mm::BlockNumber(device().first_block).v} << kBlockShift; }
uint64_t RegionBytes() { return uint64_t{device().nr_blocks} << kBlockShift; }

bool IsPlugged(uint64_t part) {
  return (device().plugged[part / PartsOfBlock()] >> part % PartsOfBlock() & 1) != 0;
}

void SetPlugged(uint64_t part, bool plugged) {
  uint64_t& parts = device().plugged[part / PartsOfBlock()];
  const uint64_t bit = uint64_t{1} << part % PartsOfBlock();
  parts = plugged ? parts | bit : parts & ~bit;
}

// Parts of the region that a request is about; false for what lies outside of it.
bool PartsOf(const virtio_mem_range& r, uint64_t* first) {
  const uint64_t offset = r.addr - RegionStart();
  *first = offset / BytesOfPart();
  return r.nb_blocks != 0 && offset % BytesOfPart() == 0 &&
         offset < device().config.usable_region_size &&
         r.nb_blocks * BytesOfPart() <= device().config.usable_region_size - offset;
}

uint32_t CountPlugged(uint64_t first, uint32_t nr) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < nr; ++i) n += IsPlugged(first + i) ? 1 : 0;
  return n;
}

// ---- Linux must not have what the host does not give ----

bool LinuxHas(Pfn pfn) {
  const mm::Phase phase = mm::PhaseOf(pfn);
  if (phase != mm::Phase::kOnline && phase != mm::Phase::kOfflining) return false;
  const mm::Owner o = mm::GhostAt(pfn).owner;
  return o != mm::OwnerOfDevice() && o != mm::kNobody;
}

void CheckUnplugged(Pfn start, uint32_t nr_pages) {
  for (Pfn pfn = start; pfn < start + nr_pages; ++pfn) {
    if (LinuxHas(pfn)) return mm::NoteTrespass(mm::kGivenBack, pfn, mm::GhostAt(pfn).owner);
  }
}

// ---- Requests ----

uint16_t Change(const virtio_mem_range& r, bool plug) {
  Device& d = device();
  uint64_t first = 0;
  if (!PartsOf(r, &first)) return VIRTIO_MEM_RESP_ERROR;
  if (CountPlugged(first, r.nb_blocks) != (plug ? 0u : r.nb_blocks)) return VIRTIO_MEM_RESP_ERROR;
  const uint64_t bytes = r.nb_blocks * BytesOfPart();
  if (plug && d.config.plugged_size + bytes > d.config.requested_size) return VIRTIO_MEM_RESP_NACK;
  if (mm::InjectedFault(mm::FaultSite::kVirtioMem) != 0) return VIRTIO_MEM_RESP_BUSY;
  for (uint32_t i = 0; i < r.nb_blocks; ++i) SetPlugged(first + i, plug);
  d.config.plugged_size += plug ? bytes : 0 - bytes;
  if (!plug) {
    const auto pfn = static_cast<uint32_t>(r.addr >> mm::PageShift());
    CheckUnplugged(Pfn{pfn}, r.nb_blocks * PagesOfPart());
  }
  return VIRTIO_MEM_RESP_ACK;
}

uint64_t UsableBytes(uint64_t requested) {
  return std::min(requested + kUsableExtent, RegionBytes());
}

uint16_t UnplugAll() {
  Device& d = device();
  if (mm::InjectedFault(mm::FaultSite::kVirtioMem) != 0) return VIRTIO_MEM_RESP_BUSY;
  d.plugged = {};
  d.config.plugged_size = 0;
  d.config.usable_region_size = UsableBytes(d.config.requested_size);
  return VIRTIO_MEM_RESP_ACK;
}

uint16_t StateOf(const virtio_mem_range& r, uint16_t* answer) {
  uint64_t first = 0;
  if (!PartsOf(r, &first)) return VIRTIO_MEM_RESP_ERROR;
  const uint32_t plugged = CountPlugged(first, r.nb_blocks);
  *answer = plugged == 0             ? VIRTIO_MEM_STATE_UNPLUGGED
            : plugged == r.nb_blocks ? VIRTIO_MEM_STATE_PLUGGED
                                     : VIRTIO_MEM_STATE_MIXED;
  return VIRTIO_MEM_RESP_ACK;
}

void Answer() {
  Device& d = device();
  const auto& request = *static_cast<const virtio_mem_req*>(d.out);
  auto& response = *static_cast<virtio_mem_resp*>(d.in);
  response = virtio_mem_resp{};
  switch (request.type) {
    case VIRTIO_MEM_REQ_PLUG:
    case VIRTIO_MEM_REQ_UNPLUG:
      response.type = Change(request.u.plug, request.type == VIRTIO_MEM_REQ_PLUG);
      break;
    case VIRTIO_MEM_REQ_UNPLUG_ALL:
      response.type = UnplugAll();
      break;
    case VIRTIO_MEM_REQ_STATE:
      response.type = StateOf(request.u.state, &response.u.state.state);
      break;
    default:
      response.type = VIRTIO_MEM_RESP_ERROR;
      break;
  }
  const auto block = static_cast<uint32_t>(request.u.plug.addr >> kBlockShift);
  sim::sched_point(kTpVirtioRequest + request.type % 4u, block, request.u.plug.nb_blocks,
                   response.type);
}

// ---- The virtqueue ----

virtqueue* Find(const hotplug_site* at, virtio_device* vdev, void (*callback)(virtqueue*)) {
  EnterStep(at, Context::kSleeps);
  device().vq = {callback, vdev};
  return &device().vq;
}

int Add(const hotplug_site* at, virtqueue*, const void* out, void* in, void* data) {
  Enter(at, Context::kAny);
  Device& d = device();
  if (d.data != nullptr) return -ENOSPC;
  d.out = out;
  d.in = in;
  d.data = data;
  return 0;
}

void Kick(const hotplug_site* at, virtqueue*) {
  EnterStep(at, Context::kAny);
  device().kicked = 1;
}

void* GetBuffer(const hotplug_site* at, virtqueue*) {
  Enter(at, Context::kAny);
  Device& d = device();
  if (d.answered == 0) return nullptr;
  void* data = d.data;
  d.answered = 0;
  d.data = nullptr;
  return data;
}

// ---- Configuration ----

void ReadConfig(virtio_device*, unsigned int offset, void* to, unsigned int size) {
  const auto* from = reinterpret_cast<const std::byte*>(&device().config);
  if (offset <= sizeof(virtio_mem_config) && size <= sizeof(virtio_mem_config) - offset) {
    std::memcpy(to, from + offset, size);
  }
}

void DeleteQueues(virtio_device*) { device().vq = {}; }

bool Drives(const virtio_driver& driver) {
  const virtio_device_id* id = driver.id_table;
  while (id->device != 0 && id->device != VIRTIO_ID_MEM) ++id;
  return id->device != 0;
}

void PlugIn(Device& d) {
  const uint32_t blocks = world::geometry().nr_blocks;
  d.nr_blocks = blocks / 2;
  d.first_block = blocks - d.nr_blocks;
  d.ops = {&ReadConfig, &DeleteQueues};
  std::memcpy(d.name.data(), "virtio0", d.name.size());
  d.vdev = {{d.name.data(), nullptr, 0}, &d.ops, nullptr};
  d.config = {BytesOfPart(), 0, {}, RegionStart(), RegionBytes(), UsableBytes(0), 0, 0};
}

int Register(const hotplug_site* at, const virtio_driver* driver) {
  Enter(at, Context::kSleeps);
  Device& d = device();
  if (!Drives(*driver) || world::geometry().nr_blocks < 2 || d.driver != nullptr) return 0;
  PlugIn(d);
  d.driver = driver;
  const int rc = driver->probe(&d.vdev);
  if (rc != 0) d.driver = nullptr;
  return rc;
}

}  // namespace

void Inside::AddDevice() {
  const uint32_t nr = world::geometry().nr_blocks / 2;
  if (nr == 0) return;
  const BlockId first = mm::BlockNumber(world::geometry().nr_blocks - nr);
  mm::NewDevice(mm::FirstPfn(first), nr << world::geometry().block_order);
}

bool Inside::HostAnswers() {
  Device& d = device();
  if (d.kicked == 0) return false;
  d.kicked = 0;
  sim::sleep_ticks(kAnswerTicks, false);
  Answer();
  d.answered = 1;
  Interrupt([&d] { d.vq.callback(&d.vq); });
  return true;
}

bool HasDevice() { return device().driver != nullptr; }

int SetRequestedSize(uint64_t bytes) {
  Device& d = device();
  d.config.requested_size = std::min(bytes - bytes % BytesOfPart(), RegionBytes());
  d.config.usable_region_size =
      std::max(d.config.usable_region_size, UsableBytes(d.config.requested_size));
  Interrupt([&d] { d.driver->config_changed(&d.vdev); });
  return 0;
}

uint64_t RequestedSize() { return device().config.requested_size; }

bool IsPluggedIn(mm::Pfn start, uint32_t nr_pages) {
  for (Pfn pfn = start; pfn < start + nr_pages; pfn = pfn + PagesOfPart()) {
    const uint64_t offset = mm::PFN_PHYS(pfn) - RegionStart();
    if (offset < RegionBytes() && !IsPlugged(offset / BytesOfPart())) return false;
  }
  return true;
}

void FillVirtio(hotplug_kernel* k) {
  k->virtio_register = &Register;
  k->virtqueue_find = &Find;
  k->virtqueue_add = &Add;
  k->virtqueue_kick = &Kick;
  k->virtqueue_get = &GetBuffer;
}

}  // namespace hotplug::shim
