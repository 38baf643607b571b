// SPDX-License-Identifier: GPL-2.0-or-later
/* What a scenario does, as user space, firmware and other users of memory ask it of the kernel. */
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/page-isolation.h>

#include "compat.h"
#include "glue.h"
#include "internal.h"

/* ---- Files ------------------------------------------------------------------------------- */

long world_write_state(unsigned long block, const char* word) {
  struct device* dev = world_find_device(block);

  return dev == NULL ? -ENOENT : world_write_attribute(dev, "state", word);
}

long world_write_online(unsigned long block, int online) {
  struct device* dev = world_find_device(block);

  return dev == NULL ? -ENOENT : world_write_attribute(dev, "online", online ? "1" : "0");
}

long world_write_probe(unsigned long block) {
  char address[24];

  snprintf(address, sizeof(address), "%#llx", (u64)PFN_PHYS(world_first_pfn(block)));
  return world_write_root_attribute("probe", address);
}

long world_write_auto_online(const char* word) {
  return world_write_root_attribute("auto_online_blocks", word);
}

/* ---- Firmware: DIMMs of a block ---------------------------------------------------------- */

/* By the indexes of blocks. */
static struct dimm {
  u8 ejected; /* firmware has it, until somebody adds it again */
  u8 grouped; /* its memory is the group `mgid` */
  int mgid;
  const struct task_struct* remover; /* the last one; NULL: nobody yet */
} dimms[WORLD_BLOCKS];

static struct dimm* dimm_of(unsigned long block) { return &dimms[world_block_index(block)]; }

static void eject(unsigned long block) {
  struct dimm* dimm = dimm_of(block);

  if (dimm->grouped) memory_group_unregister(dimm->mgid);
  *dimm = (struct dimm){.ejected = true};
}

/* acpi_scan_hot_remove(): two passes, as all but the last of blocks with the memory map of others
 * refuse in the first. */
static long offline_dimm(struct device* dev) {
  if (device_offline(dev) >= 0) return 0;
  return device_offline(dev) < 0 ? -EBUSY : 0;
}

static long remove_dimm(unsigned long block) {
  struct device* dev = world_find_device(block);
  long rc;

  if (dev == NULL) return -ENODEV;
  rc = offline_dimm(dev);
  if (rc != 0) return rc;
  __remove_memory(PFN_PHYS(world_first_pfn(block)), memory_block_size_bytes());
  eject(block);
  return 0;
}

static long with_device_hotplug(long (*function)(unsigned long), unsigned long block) {
  long rc;

  lock_device_hotplug();
  rc = function(block);
  unlock_device_hotplug();
  return rc;
}

long world_firmware_remove(unsigned long block) { return with_device_hotplug(remove_dimm, block); }

/* acpi_memory_enable_device(): a DIMM is a group of memory, and has its memory map where it can. */
static long add_dimm(unsigned long block) {
  const u64 size = memory_block_size_bytes();
  struct dimm* dimm = dimm_of(block);
  mhp_t flags = MHP_NID_IS_MGID;
  int mgid;

  if (!dimm->ejected) return -EALREADY;
  mgid = memory_group_register_static(world_boot_nid(block), PHYS_PFN(size));
  if (mgid < 0) return mgid;
  if (IS_ENABLED(CONFIG_MHP_MEMMAP_ON_MEMORY) && world_machine.memmap_on_memory) {
    flags |= MHP_MEMMAP_ON_MEMORY;
  }
  if (__add_memory(mgid, PFN_PHYS(world_first_pfn(block)), size, flags) != 0) {
    memory_group_unregister(mgid);
    return -EINVAL;
  }
  dimm->grouped = true;
  dimm->mgid = mgid;
  return 0;
}

long world_firmware_add(unsigned long block) { return with_device_hotplug(add_dimm, block); }

/* A driver of DIMMs takes those of several blocks away, of which it has all. What somebody else has
 * removed meanwhile is his, though the call says that it has succeeded. */
long world_remove_dimms(unsigned long block, unsigned long nr_blocks) {
  unsigned long b;
  long rc;

  for (b = block; b < block + nr_blocks; ++b) {
    if (world_find_device(b) == NULL) return -ENODEV;
  }
  rc = offline_and_remove_memory(PFN_PHYS(world_first_pfn(block)),
                                 nr_blocks * memory_block_size_bytes());
  for (b = block; rc == 0 && b < block + nr_blocks; ++b) {
    if (world_find_device(b) == NULL && dimm_of(b)->remover == current) eject(b);
  }
  return rc;
}

/* A block that is there is not with the firmware, whoever has added it. */
void world_block_added(unsigned long block) { dimm_of(block)->ejected = false; }
void world_block_removed(unsigned long block) { dimm_of(block)->remover = current; }
bool world_block_is_ejected(unsigned long block) { return dimm_of(block)->ejected; }

/* ---- Notifiers --------------------------------------------------------------------------- */

/* The actions by name: their numbers differ between releases. */
static const char* action_name(unsigned long action) {
  switch (action) {
    case MEM_ONLINE:
      return "MEM_ONLINE";
    case MEM_GOING_OFFLINE:
      return "MEM_GOING_OFFLINE";
    case MEM_OFFLINE:
      return "MEM_OFFLINE";
    case MEM_GOING_ONLINE:
      return "MEM_GOING_ONLINE";
    case MEM_CANCEL_ONLINE:
      return "MEM_CANCEL_ONLINE";
    case MEM_CANCEL_OFFLINE:
      return "MEM_CANCEL_OFFLINE";
#if WORLD_PREPARES
    case MEM_PREPARE_ONLINE:
      return "MEM_PREPARE_ONLINE";
    case MEM_FINISH_OFFLINE:
      return "MEM_FINISH_OFFLINE";
#endif
    default:
      return "an unknown action";
  }
}

static struct notifier_block notifiers[WORLD_NOTIFIERS];

struct world_notice world_notice_of(unsigned long action, const void* data) {
  const struct memory_notify* m = data;

  return (struct world_notice){action_name(action), m->start_pfn, m->nr_pages, m->status_change_nid,
                               m->status_change_nid_normal};
}

static int call(struct notifier_block* nb, unsigned long action, void* data) {
  const struct world_notice notice = world_notice_of(action, data);

  world_end_line();
  return world_host.answer(nb - notifiers, &notice);
}

long world_register_notifier(unsigned int notifier, int priority) {
  notifiers[notifier].notifier_call = call;
  notifiers[notifier].priority = priority;
  return register_memory_notifier(&notifiers[notifier]);
}

/* What the kernel keeps to itself: whether the block was there. */
static int unregistered;

int __real_blocking_notifier_chain_unregister(struct blocking_notifier_head* chain,
                                              struct notifier_block* nb);
int __wrap_blocking_notifier_chain_unregister(struct blocking_notifier_head* chain,
                                              struct notifier_block* nb) {
  unregistered = __real_blocking_notifier_chain_unregister(chain, nb);
  return unregistered;
}

long world_unregister_notifier(unsigned int notifier) {
  unregister_memory_notifier(&notifiers[notifier]);
  return unregistered;
}

/* ---- Allocations ------------------------------------------------------------------------- */

/* What tasks have allocated, and free again in that order. */
#define ALLOCATIONS 64
static struct allocation {
  struct page* page;
  u32 seq;
  u8 task;
  u8 order;
  u8 contig;
} allocations[ALLOCATIONS];
static u32 next_seq;

static struct allocation* find_allocation(const struct page* page) {
  unsigned int i;

  for (i = 0; i < ALLOCATIONS; ++i) {
    if (allocations[i].page == page) return &allocations[i];
  }
  return NULL;
}

/* The oldest of the running task, of one kind. */
static struct allocation* oldest_allocation(bool contig) {
  struct allocation* oldest = NULL;
  unsigned int i;

  for (i = 0; i < ALLOCATIONS; ++i) {
    struct allocation* a = &allocations[i];

    if (a->page == NULL || a->task != world_task || a->contig != contig) continue;
    if (oldest == NULL || a->seq < oldest->seq) oldest = a;
  }
  return oldest;
}

static void note_allocation(struct allocation* a, struct page* page, unsigned int order,
                            bool contig) {
  *a = (struct allocation){page, next_seq++, world_task, order, contig};
  world_host.page_owned(page_to_pfn(page), 1ul << order, a - allocations, a->task,
                        PageCompound(page));
}

/* Whoever is about to free pages owns them no more. */
static struct page* give_up(struct allocation* a) {
  struct page* page = a->page;

  a->page = NULL;
  world_host.page_owned(page_to_pfn(page), 1ul << a->order, WORLD_NOBODY, 0, 0);
  return page;
}

void world_allocation_moved(struct page* from, struct page* to) {
  struct allocation* a = find_allocation(from);

  if (a == NULL) return;
  a->page = to;
  world_host.page_moved(page_to_pfn(from), page_to_pfn(to));
}

/* A page is all that is wanted: nothing is reclaimed for it. */
static long alloc_one(int nid, gfp_t gfp, unsigned int order) {
  struct page* page;

  if (find_allocation(NULL) == NULL) return -ENOMEM;
  page = __alloc_pages((gfp & ~__GFP_RECLAIM) | __GFP_NOWARN | __GFP_COMP, order, nid, NULL);
  if (page == NULL) return -ENOMEM;
  note_allocation(find_allocation(NULL), page, order, false);
  if (gfp & __GFP_MOVABLE) {
    world_map(page);
    world_lru_add(page);
  }
  return 0;
}

/* Movable pages as single pages, others as one allocation. */
long world_alloc_pages(int nid, int movable, unsigned int order) {
  unsigned int i;
  long rc = 0;

  if (!movable) return alloc_one(nid, GFP_KERNEL, order);
  for (i = 0; i < (1u << order) && rc == 0; ++i) rc = alloc_one(nid, GFP_HIGHUSER_MOVABLE, 0);
  return rc;
}

long world_free_pages(void) {
  struct allocation* a = oldest_allocation(false);
  struct page* page;

  if (a == NULL) return -ENOENT;
  page = give_up(a);
  if (a->order == 0) world_unmap(page);
  put_page(page);
  return 0;
}

long world_alloc_contig(int nid, unsigned int order) {
  struct page* page = NULL;

  if (find_allocation(NULL) == NULL) return -ENOMEM;
  if (order < BITS_PER_LONG) {
    page = alloc_contig_pages(1ul << order, GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN, nid, NULL);
  }
  if (page == NULL) return -ENOMEM;
  note_allocation(find_allocation(NULL), page, order, true);
  return 0;
}

long world_free_contig(void) {
  struct allocation* a = oldest_allocation(true);

  if (a == NULL) return -ENOENT;
  free_contig_range(page_to_pfn(give_up(a)), 1ul << a->order);
  return 0;
}

/* ---- Walkers of page frame numbers ------------------------------------------------------- */

/* No walker has business with the memory map that a block holds itself. */
long world_get_page(unsigned long pfn) {
  struct page* page = pfn_to_online_page(pfn);

  if (page == NULL || PageVmemmapSelfHosted(page)) return -ENXIO;
  return get_page_unless_zero(page) ? 0 : -ENXIO;
}

long world_put_page(unsigned long pfn) {
  put_page(pfn_to_page(pfn));
  return 0;
}

long world_memory_failure(unsigned long pfn) {
#ifdef CONFIG_MEMORY_FAILURE
  return memory_failure(pfn, 0);
#else
  return -ENOSYS;
#endif
}
