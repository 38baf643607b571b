// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mm/pcp.h"

#include "model/mm/function.h"

namespace hotplug::mm {

void drain_all_pages() { fn_ret(Fn::kDrainAllPages); }

void zone_pcp_disable() {
  sim::mutex_lock(mm().pcp_batch_high_lock);
  fn_ret(Fn::kZonePcpDisable);
}

void zone_pcp_enable() {
  sim::mutex_unlock(mm().pcp_batch_high_lock);
  fn_ret(Fn::kZonePcpEnable);
}

}  // namespace hotplug::mm
