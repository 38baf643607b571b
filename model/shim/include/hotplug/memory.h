// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pages, nodes, memory blocks and hotplug.
#ifndef HOTPLUG_MEMORY_H_
#define HOTPLUG_MEMORY_H_

#include <hotplug/fs.h>
#include <hotplug/slab.h>
#include <hotplug/types.h>

// ---- Geometry: the pages are as large as the scenario wants them ----

#define PAGE_SHIFT (hotplug_kernel->page_shift)
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PFN_PHYS(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)
#define PHYS_PFN(address) ((unsigned long)((u64)(address) >> PAGE_SHIFT))
#define PFN_DOWN(address) PHYS_PFN(address)
#define PFN_UP(address) PHYS_PFN((u64)(address) + PAGE_SIZE - 1)
#define PAGE_ALIGN(address) ALIGN(address, PAGE_SIZE)
#define PAGE_ALIGNED(address) IS_ALIGNED((unsigned long)(address), PAGE_SIZE)

#define SECTION_SIZE_BITS (hotplug_kernel->block_shift)
#define MIN_MEMORY_BLOCK_SIZE (1UL << SECTION_SIZE_BITS)
#define PFN_SECTION_SHIFT (SECTION_SIZE_BITS - PAGE_SHIFT)
#define PAGES_PER_SECTION (1UL << PFN_SECTION_SHIFT)
#define pfn_to_section_nr(pfn) ((pfn) >> PFN_SECTION_SHIFT)
#define section_nr_to_pfn(nr) ((nr) << PFN_SECTION_SHIFT)
#define memory_block_size_bytes() MIN_MEMORY_BLOCK_SIZE

// ---- Addresses: the linear mapping and the memmap lie where no object of C does ----

struct page {
  unsigned long hotplug[8];
};
#define PAGE_OFFSET 0xc000000000000000UL
#define VMEMMAP 0xf000000000000000UL
#define __va(address) ((void*)(PAGE_OFFSET + (unsigned long)(address)))
#define __pa(address) ((unsigned long)(address) - PAGE_OFFSET)
#define virt_to_phys(address) __pa(address)
#define phys_to_virt(address) __va(address)
#define pfn_to_kaddr(pfn) __va(PFN_PHYS(pfn))
#define pfn_to_page(pfn) ((struct page*)VMEMMAP + (pfn))
#define page_to_pfn(p) ((unsigned long)((p) - (struct page*)VMEMMAP))
#define page_to_phys(p) PFN_PHYS(page_to_pfn(p))
#define page_address(p) __va(page_to_phys(p))
#define virt_to_page(address) pfn_to_page(PHYS_PFN(__pa(address)))

#define flush_dcache_range(start, end) ((void)(start), (void)(end))

// ---- Pages ----

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE, MAX_NR_ZONES };
enum migratetype { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE };
#define pageblock_order (hotplug_kernel->pageblock_order)
#define pageblock_nr_pages (1UL << pageblock_order)
// The first order that there is no chunk of, as up to 6.3.
#define MAX_ORDER (hotplug_kernel->max_order + 1)

#define HOTPLUG_PAGE(call, op, p, arg) \
  hotplug_kernel->page(HOTPLUG_AT(call), op, page_to_pfn(p), arg)
#define __SetPageOffline(p) ((void)HOTPLUG_PAGE("__SetPageOffline", HOTPLUG_SET_OFFLINE, p, 0))
#define __ClearPageOffline(p) \
  ((void)HOTPLUG_PAGE("__ClearPageOffline", HOTPLUG_CLEAR_OFFLINE, p, 0))
#define page_ref_inc(p) ((void)HOTPLUG_PAGE("page_ref_inc", HOTPLUG_REF_INC, p, 0))
#define page_ref_dec(p) ((void)HOTPLUG_PAGE("page_ref_dec", HOTPLUG_REF_DEC, p, 0))
#define page_ref_freeze(p, count) \
  ((int)HOTPLUG_PAGE("page_ref_freeze", HOTPLUG_REF_FREEZE, p, count))
#define page_ref_unfreeze(p, count) \
  ((void)HOTPLUG_PAGE("page_ref_unfreeze", HOTPLUG_REF_UNFREEZE, p, count))
#define get_page_unless_zero(p) ((int)HOTPLUG_PAGE("get_page_unless_zero", HOTPLUG_GET, p, 0))
#define get_page(p) ((void)HOTPLUG_PAGE("get_page", HOTPLUG_GET, p, 0))
#define put_page(p) ((void)HOTPLUG_PAGE("put_page", HOTPLUG_PUT, p, 0))
#define SetPageDirty(p) ((void)HOTPLUG_PAGE("SetPageDirty", HOTPLUG_SET_DIRTY, p, 0))
#define ClearPageDirty(p) ((void)HOTPLUG_PAGE("ClearPageDirty", HOTPLUG_CLEAR_DIRTY, p, 0))
#define PageDirty(p) ((int)HOTPLUG_PAGE("PageDirty", HOTPLUG_IS_DIRTY, p, 0))
#define ClearPageReserved(p) ((void)HOTPLUG_PAGE("ClearPageReserved", HOTPLUG_CLEAR_RESERVED, p, 0))
#define page_ref_dec_and_test(p)                                              \
  ({                                                                          \
    const struct page* tested_ = (p);                                         \
    (void)HOTPLUG_PAGE("page_ref_dec_and_test", HOTPLUG_REF_DEC, tested_, 0); \
    HOTPLUG_PAGE("page_ref_dec_and_test", HOTPLUG_COUNT, tested_, 0) == 0;    \
  })
#define generic_online_page(p, order) \
  ((void)HOTPLUG_PAGE("generic_online_page", HOTPLUG_ONLINE, p, (int)(order)))
#define adjust_managed_page_count(p, count) \
  ((void)HOTPLUG_PAGE("adjust_managed_page_count", HOTPLUG_ADJUST_MANAGED, p, (int)(count)))
#define dump_page(p, reason) ((void)(p), printk(KERN_WARNING "page dumped because: %s\n", reason))
// Readers of PageOffline pages (/proc/kcore) are not simulated.
#define page_offline_begin() ((void)0)
#define page_offline_end() ((void)0)
#define set_online_page_callback(callback) \
  hotplug_kernel->online_page_callback(HOTPLUG_AT("set_online_page_callback"), callback, 1)
#define restore_online_page_callback(callback) \
  hotplug_kernel->online_page_callback(HOTPLUG_AT("restore_online_page_callback"), callback, 0)
#define PageOffline(p) ((int)HOTPLUG_PAGE("PageOffline", HOTPLUG_IS_OFFLINE, p, 0))
#define page_ref_count(p) ((int)HOTPLUG_PAGE("page_ref_count", HOTPLUG_COUNT, p, 0))
#define page_count(p) ((int)HOTPLUG_PAGE("page_count", HOTPLUG_COUNT, p, 0))
#define page_zonenum(p) ((enum zone_type)HOTPLUG_PAGE("page_zonenum", HOTPLUG_ZONE, p, 0))
#define is_zone_movable_page(p) (page_zonenum(p) == ZONE_MOVABLE)
#define page_to_nid(p) ((int)HOTPLUG_PAGE("page_to_nid", HOTPLUG_NID, p, 0))
#define pfn_to_nid(pfn) page_to_nid(pfn_to_page(pfn))
// Of what pages contain that alone is known.
#define clear_page(address) \
  ((void)HOTPLUG_PAGE("clear_page", HOTPLUG_CLEAR, virt_to_page(address), 0))
#define clear_highpage(p) ((void)HOTPLUG_PAGE("clear_highpage", HOTPLUG_CLEAR, p, 0))
static inline struct page* hotplug_online_page(const struct hotplug_site* at, unsigned long pfn) {
  return hotplug_kernel->page(at, HOTPLUG_IS_ONLINE, pfn, 0) != 0 ? pfn_to_page(pfn) : NULL;
}
#define pfn_to_online_page(pfn) hotplug_online_page(HOTPLUG_AT("pfn_to_online_page"), pfn)

static inline struct page* hotplug_contig(const struct hotplug_site* at, unsigned long nr,
                                          int nid) {
  const long pfn = hotplug_kernel->contig_alloc(at, nr, nid);
  return pfn < 0 ? NULL : pfn_to_page((unsigned long)pfn);
}
#define alloc_contig_pages(nr, flags, nid, nodemask) \
  ((void)(flags), hotplug_contig(HOTPLUG_AT("alloc_contig_pages"), nr, nid))
#define alloc_contig_range(start, end, migratetype, flags) \
  ((void)(flags), hotplug_kernel->contig_range(HOTPLUG_AT("alloc_contig_range"), start, end))
#define free_contig_range(pfn, nr) \
  hotplug_kernel->contig_free(HOTPLUG_AT("free_contig_range"), pfn, nr)

// ---- Nodes ----

#define MAX_NUMNODES 2
#define NUMA_NO_NODE (-1)
#define node_online(nid) ((int)hotplug_kernel->node(nid, HOTPLUG_NODE_ONLINE))
#define node_start_pfn(nid) hotplug_kernel->node(nid, HOTPLUG_START_PFN)
#define node_end_pfn(nid) hotplug_kernel->node(nid, HOTPLUG_END_PFN)
#define node_spanned_pages(nid) (node_end_pfn(nid) - node_start_pfn(nid))
static inline int hotplug_next_node(int nid) {
  while (nid < MAX_NUMNODES && !node_online((unsigned int)nid)) ++nid;
  return nid;
}
// A driver's variable may be unsigned.
#define for_each_online_node(nid)                               \
  for ((nid) = hotplug_next_node(0); (int)(nid) < MAX_NUMNODES; \
       (nid) = hotplug_next_node((int)(nid) + 1))
static inline unsigned int num_online_nodes(void) {
  unsigned int n = 0;
  for (unsigned int nid = 0; nid < MAX_NUMNODES; ++nid) n += node_online(nid) ? 1 : 0;
  return n;
}

// ---- Notifiers ----

#define MEM_ONLINE (1 << 0)
#define MEM_GOING_OFFLINE (1 << 1)
#define MEM_OFFLINE (1 << 2)
#define MEM_GOING_ONLINE (1 << 3)
#define MEM_CANCEL_ONLINE (1 << 4)
#define MEM_CANCEL_OFFLINE (1 << 5)
#define NOTIFY_DONE 0x0000
#define NOTIFY_OK 0x0001
#define NOTIFY_STOP_MASK 0x8000
#define NOTIFY_BAD (NOTIFY_STOP_MASK | 0x0002)
#define NOTIFY_STOP (NOTIFY_OK | NOTIFY_STOP_MASK)
static inline int notifier_from_errno(int error) {
  return error != 0 ? NOTIFY_STOP_MASK | (NOTIFY_OK - error) : NOTIFY_OK;
}
static inline int notifier_to_errno(int answer) {
  answer &= ~NOTIFY_STOP_MASK;
  return answer > NOTIFY_OK ? NOTIFY_OK - answer : 0;
}
#define register_memory_notifier(nb) \
  hotplug_kernel->notifier(HOTPLUG_AT("register_memory_notifier"), nb, 1)
#define unregister_memory_notifier(nb) \
  ((void)hotplug_kernel->notifier(HOTPLUG_AT("unregister_memory_notifier"), nb, 0))

// ---- Hotplug. Calls whose arguments changed between kernels go by the number of them ----

#define HOTPLUG_PICK(_1, _2, _3, _4, call, ...) call
#define HOTPLUG_MEMORY(call, op, nid, start, size) \
  hotplug_kernel->memory(HOTPLUG_AT(call), op, nid, start, size)

typedef int mhp_t;
#define MHP_NONE 0
#define MHP_MERGE_RESOURCE 1
#define HOTPLUG_ADD_3(nid, start, size) HOTPLUG_MEMORY("add_memory", HOTPLUG_ADD, nid, start, size)
#define HOTPLUG_ADD_4(nid, start, size, flags) ((void)(flags), HOTPLUG_ADD_3(nid, start, size))
#define add_memory(...) HOTPLUG_PICK(__VA_ARGS__, HOTPLUG_ADD_4, HOTPLUG_ADD_3, , )(__VA_ARGS__)
#define HOTPLUG_ADDL_3(nid, start, size) \
  HOTPLUG_MEMORY("__add_memory", HOTPLUG_ADD_LOCKED, nid, start, size)
#define HOTPLUG_ADDL_4(nid, start, size, flags) ((void)(flags), HOTPLUG_ADDL_3(nid, start, size))
#define __add_memory(...) HOTPLUG_PICK(__VA_ARGS__, HOTPLUG_ADDL_4, HOTPLUG_ADDL_3, , )(__VA_ARGS__)
#define HOTPLUG_REMOVE_2(start, size) \
  HOTPLUG_MEMORY("remove_memory", HOTPLUG_REMOVE, 0, start, size)
#define HOTPLUG_REMOVE_3(nid, start, size) ((void)(nid), HOTPLUG_REMOVE_2(start, size))
#define remove_memory(...) \
  HOTPLUG_PICK(__VA_ARGS__, , HOTPLUG_REMOVE_3, HOTPLUG_REMOVE_2, )(__VA_ARGS__)
#define HOTPLUG_REMOVEL_2(start, size) \
  ((void)HOTPLUG_MEMORY("__remove_memory", HOTPLUG_REMOVE_LOCKED, 0, start, size))
#define HOTPLUG_REMOVEL_3(nid, start, size) ((void)(nid), HOTPLUG_REMOVEL_2(start, size))
#define __remove_memory(...) \
  HOTPLUG_PICK(__VA_ARGS__, , HOTPLUG_REMOVEL_3, HOTPLUG_REMOVEL_2, )(__VA_ARGS__)
#define HOTPLUG_OFFRM_2(start, size) \
  HOTPLUG_MEMORY("offline_and_remove_memory", HOTPLUG_OFFLINE_REMOVE, 0, start, size)
#define HOTPLUG_OFFRM_3(nid, start, size) ((void)(nid), HOTPLUG_OFFRM_2(start, size))
#define offline_and_remove_memory(...) \
  HOTPLUG_PICK(__VA_ARGS__, , HOTPLUG_OFFRM_3, HOTPLUG_OFFRM_2, )(__VA_ARGS__)

// A driver's own memory: its name and its group change nothing here but the node.
#define MHP_NID_IS_MGID 2
#define add_memory_driver_managed(nid, start, size, name, flags) \
  ((void)(name), (void)(flags),                                  \
   hotplug_kernel->memory(HOTPLUG_AT("add_memory_driver_managed"), HOTPLUG_ADD, nid, start, size))
#define memory_group_register_dynamic(nid, unit_pages) ((void)(unit_pages), (int)(nid))
#define memory_group_unregister(group) ((void)(group), 0)
#define memory_add_physaddr_to_nid(start) hotplug_kernel->node_of(start)
struct range {
  u64 start, end;
};
static inline struct range mhp_get_pluggable_range(bool need_mapping) {
  (void)need_mapping;
  return (struct range){0, (1ULL << 46) - 1};
}

struct mhp_params {
  void* altmap;
  pgprot_t pgprot;
  void* pgmap;
};
#define arch_create_linear_mapping(nid, start, size, params) \
  ((void)(nid), (void)(params),                              \
   HOTPLUG_MEMORY("arch_create_linear_mapping", HOTPLUG_CREATE_MAPPING, 0, start, size))
#define arch_remove_linear_mapping(start, size) \
  ((void)HOTPLUG_MEMORY("arch_remove_linear_mapping", HOTPLUG_REMOVE_MAPPING, 0, start, size))

#define MMOP_OFFLINE 0
#define MMOP_ONLINE 1
#define memhp_auto_online (hotplug_kernel->memhp_auto_online() != 0)
#define HOTPLUG_DEVICE(call, op, dev) \
  HOTPLUG_MEMORY(call, op, 0, (u64)(dev)->hotplug_block << SECTION_SIZE_BITS, 0)
#define device_online(dev) HOTPLUG_DEVICE("device_online", HOTPLUG_DEVICE_ONLINE, dev)
#define device_offline(dev) HOTPLUG_DEVICE("device_offline", HOTPLUG_DEVICE_OFFLINE, dev)
#define lock_device_hotplug() \
  ((void)HOTPLUG_MEMORY("lock_device_hotplug", HOTPLUG_LOCK_HOTPLUG, 0, 0, 0))
#define unlock_device_hotplug() \
  ((void)HOTPLUG_MEMORY("unlock_device_hotplug", HOTPLUG_UNLOCK_HOTPLUG, 0, 0, 0))
// Up to 5.6 drivers could call it.
#define offline_pages(pfn, nr_pages) \
  hotplug_kernel->memory(HOTPLUG_AT("offline_pages"), HOTPLUG_OFFLINE_PAGES, 0, pfn, nr_pages)
// Up to 5.2, by pfn: the block of the last one is visited, too.
#define walk_memory_range(start_pfn, end_pfn, arg, func)                     \
  hotplug_kernel->walk(HOTPLUG_AT("walk_memory_range"), PFN_PHYS(start_pfn), \
                       PFN_PHYS((end_pfn) - (start_pfn)), arg, func)
#define walk_memory_blocks(start, size, arg, func) \
  hotplug_kernel->walk(HOTPLUG_AT("walk_memory_blocks"), start, size, arg, func)

// ---- Resources: nobody else wants the addresses ----

#define IORESOURCE_SYSTEM_RAM 0x01000200UL
#define IORESOURCE_EXCLUSIVE 0x08000000UL
#define IORESOURCE_BUSY 0x80000000UL
#define IORES_DESC_NONE 0
struct resource {
  resource_size_t start, end;
  const char* name;
  unsigned long flags;
};
#define __request_mem_region(first, size, label, bits)                                         \
  ({                                                                                           \
    struct resource* region_ = kzalloc(sizeof(*region_), GFP_KERNEL);                          \
    if (region_ != NULL) {                                                                     \
      *region_ =                                                                               \
          (struct resource){(first), (first) + (size) - 1, (label), (bits) | IORESOURCE_BUSY}; \
    }                                                                                          \
    region_;                                                                                   \
  })
// Of whole blocks, which nobody has: the entry, or NULL.
#define request_mem_region(first, size, label)                                               \
  ({                                                                                         \
    struct resource* entry_ = __request_mem_region(first, size, label, 0);                   \
    if (entry_ != NULL &&                                                                    \
        HOTPLUG_MEMORY("request_mem_region", HOTPLUG_REQUEST_REGION, 0, first, size) != 1) { \
      kfree(entry_);                                                                         \
      entry_ = NULL;                                                                         \
    }                                                                                        \
    entry_;                                                                                  \
  })
#define release_mem_region(first, size) \
  ((void)HOTPLUG_MEMORY("release_mem_region", HOTPLUG_RELEASE_REGION, 0, first, size))
#define release_resource(region) ((void)(region), 0)
#define walk_iomem_res_desc(desc, flags, start, end, arg, func)                         \
  (HOTPLUG_MEMORY("walk_iomem_res_desc", HOTPLUG_HAS_MEMORY, 0, start, (end) - (start)) \
       ? (func)((struct resource*)0, arg)                                               \
       : -EINVAL)

// ---- Mappings of memory that is not Linux's ----

#define ioremap(start, size) hotplug_kernel->map(HOTPLUG_AT("ioremap"), start, size)
#define iounmap(mapping) hotplug_kernel->unmap(HOTPLUG_AT("iounmap"), mapping)

#endif  // HOTPLUG_MEMORY_H_
