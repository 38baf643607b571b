// SPDX-License-Identifier: GPL-2.0-or-later
//
// struct page: counts, types, flags, and how code reaches it.
//
// Two groups of writers exist. Drivers call the functions with the kernel's names
// (page_ref_inc ... free_contig_range); the ledger asks whether they own the page. mm and the
// walkers use get_page_unless_zero() and put_page().
#ifndef MODEL_MM_PAGE_H_
#define MODEL_MM_PAGE_H_

#include "model/mm/ledger.h"
#include "model/mm/state.h"

namespace hotplug::mm {

inline bool PageBuddy(const page& p) { return (p.type & kTypeBuddy) != 0; }
inline bool PageOffline(const page& p) { return (p.type & kTypeOffline) != 0; }
inline bool PageReserved(const page& p) { return (p.flags & kFlagReserved) != 0; }
inline bool PageHWPoison(const page& p) { return (p.flags & kFlagHwPoison) != 0; }
inline bool PageLRU(const page& p) { return (p.flags & kFlagLru) != 0; }
inline zone& page_zone(const page& p) { return mm().zones[p.zone]; }

// The struct page of a pfn. A block that is absent has no memmap: an oops (I5, K2).
page& pfn_to_page(Pfn pfn);
// The same for walkers: null unless the section is online (5.6 pfn_to_online_page).
page* pfn_to_online_page(Pfn pfn);

// The zone of a page that nobody has asked whether it is online: an oops without a memmap, and with
// one that CONFIG_DEBUG_VM has poisoned.
zone& page_zone(Pfn pfn);

// True where a loop over pages has a scheduling point: after each page of small blocks,
// after each pageblock of large ones (kernel-facts section 11).
inline bool AtPagePoint(Pfn pfn) {
  return mm().fine_points != 0 || ((pfn.v + 1) & (PagesPerPageblock() - 1)) == 0;
}
// Such a point: a step after the last of the pages of a chunk.
void page_point(sim::Tp tp, Pfn pfn);

// ---- For drivers ------------------------------------------------------------------------

void page_ref_inc(Pfn pfn);
void page_ref_dec(Pfn pfn);
// Takes the count from `count` to 0 in one, or says that it was not `count`; and back.
bool page_ref_freeze(Pfn pfn, int count);
void page_ref_unfreeze(Pfn pfn, int count);
// VM_BUG_ON under DEBUG_VM if the page has a type already, or has not (page-flags.h, 5.6).
void __SetPageOffline(Pfn pfn);
void __ClearPageOffline(Pfn pfn);
// SetPageDirty(), ClearPageDirty(), ClearPageReserved() of a page of the driver's own.
void SetPageFlag(Pfn pfn, uint8_t flag, bool set);
// Adds to the managed pages of a zone, or takes from them, the pages from this one on.
void adjust_managed_page_count(Pfn pfn, int32_t count);

// ---- For mm and walkers -----------------------------------------------------------------

// Takes a transient reference unless the count is zero.
bool get_page_unless_zero(Pfn pfn);
// Drops a transient reference; frees the page if it was the last one. Here and in
// __free_page() there is a step between the two halves of freeing; the caller makes the one
// that ends the call.
void put_page(Pfn pfn);
// Drops the reference of the page's owner; frees the page if it was the last one.
void __free_page(Pfn pfn);

// ---- What the kernel says when it finds nonsense ----------------------------------------

// An access that faults, and BUG(): the machine dies here.
[[noreturn]] void Oops(Pfn pfn);
[[noreturn]] void BUG(sim::Tp tp, Pfn pfn);
// VM_BUG_ON_PAGE(): as BUG() under CONFIG_DEBUG_VM, otherwise nothing.
void VM_BUG_ON_PAGE(bool condition, sim::Tp tp, Pfn pfn);
void WARN(sim::Tp tp, Pfn pfn, uint32_t value);
// What is known of a page that is in the way.
void dump_page(sim::Tp why, Pfn pfn);
// bad_page(): reports, forgets the page's type; the caller leaks the page (5.6 page_alloc.c).
void bad_page(Pfn pfn);

}  // namespace hotplug::mm

#endif  // MODEL_MM_PAGE_H_
