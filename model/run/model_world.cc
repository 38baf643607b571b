// SPDX-License-Identifier: GPL-2.0-or-later
//
// The model world.
#include "model/actors/actors.h"
#include "model/drivers/ops.h"
#include "model/drivers/view.h"
#include "model/mm/boot.h"
#include "model/run/look.h"
#include "model/run/world.h"

namespace hotplug::run {

namespace {

mm::BootConfig BootConfigOf(const scenario::Machine& machine, bool has_device) {
  mm::BootConfig c{};
  c.first_block = machine.first_block;
  c.nr_blocks = machine.blocks.size;
  c.block_order = machine.block_order;
  c.pageblock_order = machine.pageblock_order;
  c.max_order = machine.max_order;
  c.debug_vm = machine.debug_vm;
  c.kmemleak = machine.kmemleak;
  c.memmap_on_memory = machine.memmap_on_memory;
  c.kernel = machine.kernel;
  c.core_fixes = static_cast<uint16_t>(machine.fixes);
  c.pcp_high = machine.pcp_high;
  c.pagevec_size = machine.pagevec;
  c.auto_online = machine.auto_online ? mm::MMOP_ONLINE : mm::MMOP_OFFLINE;
  for (uint32_t i = 0; i < c.nr_blocks; ++i) {
    const scenario::Block& b = machine.blocks[i];
    const bool movable = b.zone == scenario::Zone::kMovable;
    const bool of_device = has_device && i >= c.nr_blocks - c.nr_blocks / 2;
    c.blocks[i] = {b.node, movable ? mm::ZONE_MOVABLE : mm::ZONE_NORMAL, b.reserved, b.offline,
                   of_device};
  }
  return c;
}

void BootModel(const scenario::Machine& machine, const drivers::Driver& driver, uint32_t fixes) {
  mm::Boot(BootConfigOf(machine, driver.has_device));
  driver.init(fixes);
  drivers::Ops::Setup();
}

}  // namespace

const World kModelWorld = {
    .name = "model",
    .not_judged = 0,
    .boot = &BootModel,
    .start = &actors::Actors<drivers::Ops>::Start,
    .check_step = &invariants::Checks<drivers::View>::Step,
    .check_end = &invariants::Checks<drivers::View>::End,
    .page_is_legal = &invariants::Checks<drivers::View>::PageIsLegal,
    .look = &Look<drivers::View>,
    .allocation = &drivers::View::allocation,
};

}  // namespace hotplug::run
