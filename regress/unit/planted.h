// SPDX-License-Identifier: GPL-2.0-or-later
//
// A driver of the tests that is right, and does one forbidden thing when it is told to.
//
//   planted::Plant(planted::Defect::kKeepsPage);
//   run::RunOptions options;
//   options.driver = &planted::kDriver;
//
// It takes one block of node 0, gives it back when 0 is written, and keeps to the protocol as
// a correct memtrace would: its callback says per call what it has dropped and forgets it at
// every end of an operation. Some defects are those of a driver; others change the state of
// mm or sim directly, as a defect of the simulated kernel would.
#ifndef REGRESS_UNIT_PLANTED_H_
#define REGRESS_UNIT_PLANTED_H_

#include "model/drivers/driver.h"

namespace hotplug::planted {

enum class Defect {
  kNone,
  kExtraReference,       // takes a second reference on its own page
  kFreePageOffline,      // a page in the buddy becomes PageOffline
  kFreePageCounted,      // a page in the buddy gets a count
  kLruInOfflineBlock,    // a page of the block that goes offline stays on the LRU
  kTouchesAbsentMemmap,  // pfn_to_page() of the block that was removed
  kTouchesForeignPage,   // page_ref_inc() of a page that is not its own
  kClearsNothing,        // frees its pages while they are PageOffline
  kKeepsPage,            // does not free the last page when it fails
  kForgetsToRecord,      // succeeds without recording the range
  kHidesCancel,          // a second notifier of its own answers NOTIFY_STOP to CANCEL
  kRetakesTwice,         // its callback takes two references at CANCEL
  kIsolateCount,         // ++nr_isolate_pageblock
  kManagedCount,         // ++managed_pages
  kFreeCount,            // --nr_free_pages
  kNodePresent,          // ++present_pages of the node alone
  kZoneSpan,             // --spanned_pages of the zone
  kNodeMemory,           // the node is not in N_MEMORY
  kIsolatesForGood,      // isolates a pageblock, and does not undo it
  kLosesDevice,          // a block has no device any more
  kDeviceState,          // dev.offline of an online block
  kStateUnlocked,        // writes going-offline into a block's state without the lock
  kLoopsForEver,         // waits for a free page to change
  kKeepsLock,            // returns to user space with device_hotplug_lock
  kUnlocksUnheld,        // unlocks device_hotplug_lock, which nobody holds
  kSleepsAtomic,         // may be preempted under a spinlock
  kLockOrder,            // device_hotplug_lock under mem_hotplug_lock
  kLosesRange,           // forgets its range without adding the memory back
  kKeepsRange,           // adds the memory back without forgetting its range
  kBug,                  // BUG()
  kHeapOutOfBounds,      // writes behind an object of kmalloc
  kNullPointer,          // writes to NULL
  kDoubleFree,           // kfree() twice
  kWarnOnly,             // WARN(), and nothing else is wrong
  kWarn,                 // WARN(), and then a page is left behind
  kBadPage,              // bad_page() of a page that it allocated
  kEarlyCancel,          // CANCEL is delivered while the offlining is under way
  kTellsOneLess,         // one of its notifiers is not told MEM_OFFLINE
  kShowsOldData,         // maps its memory into user space as Linux has left it
  kMapsForGood,          // maps it, cleared, and lets it be when it gives it back
  kTellsLeaks,           // no defect of its own: has what the kernel leaks be told
  kRefuses,              // no defect: refuses to let its block go offline
};

// What the driver does wrong from now on.
void Plant(Defect defect);

extern const drivers::Driver kDriver;

}  // namespace hotplug::planted

#endif  // REGRESS_UNIT_PLANTED_H_
