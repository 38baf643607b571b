// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is wrong with the RFC is wrong here: nothing clears the flag when a block has gone offline,
// and the refusal of onlining uses the wrong errno helper, which decodes, so that 0 refuses
// nothing. regress/planted-lines changes lines of this file and looks who notices.
#include "model/drivers/rfc_callback.h"

#include <algorithm>

#include "model/mm/page.h"
#include "model/mm/state.h"

namespace hotplug::drivers::rfc {

using mm::Pfn;

namespace {

// Pages of both the event and the range.
struct Common {
  Pfn start;
  Pfn end;
};

Common CommonOf(const Callback& cb, const mm::memory_notify_arg& arg) {
  return {Pfn{std::max(cb.base.v, arg.start_pfn.v)},
          Pfn{std::min(cb.base.v + cb.nr_pages, arg.start_pfn.v + arg.nr_pages)}};
}

uint64_t FlagOf(const Callback& cb, Pfn pfn) {
  const uint32_t block = mm::BlockOf(pfn).v - mm::BlockOf(cb.base).v;
  return uint64_t{1} << (cb.fixes.block_flag ? block : 0);
}

void Retake(const Callback& cb, Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end; ++pfn) {
    if (cb.fixes.freeze) {
      mm::page_ref_unfreeze(pfn, 1);
    } else {
      mm::page_ref_inc(pfn);
    }
  }
}

// False, and no reference is dropped, if a page cannot be frozen.
bool Drop(const Callback& cb, Pfn start, Pfn end) {
  for (Pfn pfn = start; pfn < end; ++pfn) {
    if (!cb.fixes.freeze) {
      mm::page_ref_dec(pfn);
    } else if (!mm::page_ref_freeze(pfn, 1)) {
      Retake(cb, start, pfn);
      return false;
    }
  }
  return true;
}

}  // namespace

bool Concerns(const Callback& cb, const mm::memory_notify_arg& arg) {
  const Common common = CommonOf(cb, arg);
  return common.start < common.end;
}

int32_t Answer(const Callback& cb, uint32_t action) {
  if (action == mm::MEM_GOING_OFFLINE && cb.refuses_offlining) {
    return mm::notifier_from_errno(-EBUSY);
  }
  if (action == mm::MEM_GOING_ONLINE) {
    return cb.fixes.errno_helper ? mm::notifier_from_errno(-EBUSY) : mm::notifier_to_errno(-EBUSY);
  }
  return mm::NOTIFY_OK;
}

int32_t memtrace_memory_notifier_cb(const Callback& cb, uint32_t action,
                                    const mm::memory_notify_arg& arg) {
  if (!Concerns(cb, arg)) return mm::NOTIFY_OK;
  const auto [start, end] = CommonOf(cb, arg);
  const int32_t answer = Answer(cb, action);
  switch (action) {
    case mm::MEM_GOING_OFFLINE:
      if (answer != mm::NOTIFY_OK) break;
      if (!Drop(cb, start, end)) return mm::notifier_from_errno(-EBUSY);
      *cb.going_offline |= FlagOf(cb, start);
      break;
    case mm::MEM_CANCEL_OFFLINE:
      EndOffline(cb, start, end, false);
      break;
    case mm::MEM_OFFLINE:
      if (cb.fixes.clear_flag) EndOffline(cb, start, end, true);
      break;
    default:
      break;
  }
  return answer;
}

void EndOffline(const Callback& cb, Pfn start, Pfn end, bool offline) {
  const uint64_t flag = FlagOf(cb, start);
  if (!offline && (*cb.going_offline & flag) != 0) Retake(cb, start, end);
  *cb.going_offline &= ~flag;
}

}  // namespace hotplug::drivers::rfc
