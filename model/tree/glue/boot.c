// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine at the end of its boot: the kernel's own functions lay out its memory, from a memory
 * map of its online blocks. Offline blocks are then added, as if they had been hot-added.
 */
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/moduleparam.h>
#include <linux/node.h>
#include <linux/page-flags.h>
#include <linux/topology.h>

#include "compat.h"
#include "glue.h"
#include "internal.h"

struct world_machine world_machine;
struct page *world_vmemmap, *world_page_map;

/* ---- What the machine is ----------------------------------------------------------------- */

static unsigned long block_number(unsigned int index) {
  const bool above = world_machine.gap_blocks != 0 && index >= world_machine.gap_index;

  return world_machine.first_block + index + (above ? world_machine.gap_blocks : 0);
}

static bool is_online(unsigned int index) {
  return !world_machine.blocks[index].offline && !world_machine.blocks[index].absent;
}

unsigned int world_block_index(unsigned long block) {
  unsigned int i = 0;

  while (i < world_machine.nr_blocks && block_number(i) != block) ++i;
  return i;
}

int world_boot_nid(unsigned long block) {
  const unsigned int i = world_block_index(block);

  return i < world_machine.nr_blocks ? world_machine.blocks[i].nid : NUMA_NO_NODE;
}

int memory_add_physaddr_to_nid(u64 start) {
  const int nid = world_boot_nid(pfn_to_section_nr(PHYS_PFN(start)));

  return nid == NUMA_NO_NODE ? 0 : nid;
}

/* ---- Memory of the boot ------------------------------------------------------------------ */

static struct memblock_region regions[WORLD_BLOCKS];
struct memblock memblock = {.memory = {.regions = regions}};

static void add_region(unsigned int index) {
  struct memblock_region* r = &regions[memblock.memory.cnt++];

  r->base = PFN_PHYS(world_first_pfn(block_number(index)));
  r->size = PFN_PHYS(PAGES_PER_SECTION);
  r->flags = world_machine.blocks[index].movable ? MEMBLOCK_HOTPLUG : MEMBLOCK_NONE;
  memblock_set_region_node(r, world_machine.blocks[index].nid);
}

/* The next region of a node from *index on; *index is -1 behind the last. */
void __next_mem_pfn_range(int* index, int nid, unsigned long* start, unsigned long* end,
                          int* out_nid) {
  while (++*index < memblock.memory.cnt) {
    const struct memblock_region* r = &regions[*index];

    if (nid != MAX_NUMNODES && nid != memblock_get_region_node(r)) continue;
    if (start != NULL) *start = PHYS_PFN(r->base);
    if (end != NULL) *end = PHYS_PFN(r->base + r->size);
    if (out_nid != NULL) *out_nid = memblock_get_region_node(r);
    return;
  }
  *index = -1;
}

int memblock_search_pfn_nid(unsigned long pfn, unsigned long* start, unsigned long* end) {
  int i, nid;

  for_each_mem_pfn_range(i, MAX_NUMNODES, start, end, &nid) {
    if (*start <= pfn && pfn < *end) return nid;
  }
  return NUMA_NO_NODE;
}

phys_addr_t memblock_start_of_DRAM(void) { return regions[0].base; }

/* The nodes and the usage maps of sections lie together: the kernel wants them in one section. */
static struct pglist_data* boot_nodes;
static char *usage_maps, *usage_maps_end;
char* world_boot_memory_end;

static void reserve_boot_memory(void) {
  const size_t of_block = ALIGN(mem_section_usage_size(), SMP_CACHE_BYTES);

  boot_nodes = world_arena_alloc(sizeof(*boot_nodes) * MAX_NUMNODES, SMP_CACHE_BYTES);
  usage_maps = world_arena_alloc(of_block * world_machine.nr_blocks, SMP_CACHE_BYTES);
  usage_maps_end = usage_maps + of_block * world_machine.nr_blocks;
}

void* memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t from, phys_addr_t to,
                             int nid) {
  void* p = PTR_ALIGN(usage_maps, SMP_CACHE_BYTES);

  if (p + size > (void*)usage_maps_end) return world_arena_alloc(size, max_t(size_t, align, 8));
  usage_maps = p + size;
  return p;
}
void* memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t from,
                                 phys_addr_t to, int nid) {
  return memblock_alloc_try_nid(size, align, from, to, nid);
}
/* Asked for a memory map in one piece: there is one already. */
void* memblock_alloc_exact_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t from,
                                   phys_addr_t to, int nid) {
  return NULL;
}
void memblock_free(void* p, size_t size) {}
void memblock_discard(void) {}
bool memblock_has_mirror(void) { return false; }
/* Nothing is free before the boot is over. */
void __next_mem_range(u64* index, int nid, enum memblock_flags flags, struct memblock_type* of,
                      struct memblock_type* without, phys_addr_t* start, phys_addr_t* end,
                      int* out_nid) {
  *index = ULLONG_MAX;
}

/* ---- The memory map: an array for all pages that the machine can have -------------------- */

static void make_memmap(void) {
  const unsigned long first = world_first_pfn(world_machine.first_block);
  const unsigned long end = world_first_pfn(block_number(world_machine.nr_blocks - 1) + 1);
  struct page* map = world_arena_alloc((end - first) * sizeof(struct page), SMP_CACHE_BYTES);

  world_vmemmap = map - first;
  if (IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP)) world_page_map = world_vmemmap;
}

/* Wherever it lies: what is in the memory that it is of fills a pageblock there. */
int vmemmap_populate(unsigned long start, unsigned long end, int nid, struct vmem_altmap* altmap) {
  memset((void*)start, 0, end - start);
  if (altmap != NULL) altmap->alloc += pageblock_nr_pages;
  return 0;
}

/* The memory map of what is removed is gone: who uses it faults. */
void vmemmap_free(unsigned long start, unsigned long end, struct vmem_altmap* altmap) {
  memset((void*)start, 0xff, end - start);
  if (altmap != NULL) altmap->alloc -= pageblock_nr_pages;
}

#ifdef CONFIG_MHP_MEMMAP_ON_MEMORY
/* The kernel's own asks for a memory map of 2 MiB. That of one block is all that is asked for. */
bool mhp_supports_memmap_on_memory(WORLD_MEMMAP_OF) { return world_machine.memmap_on_memory; }

extern const struct kernel_param world_params_start[], world_params_end[];

static void set_memmap_on_memory(void) {
  const struct kernel_param* p;

  for (p = world_params_start; p != world_params_end; ++p) {
    if (strcmp(p->name, "memory_hotplug.memmap_on_memory") != 0) continue;
    p->ops->set(WORLD_MEMMAP_MODE, p);
  }
}
#else
static void set_memmap_on_memory(void) {}
#endif

#ifdef CONFIG_DEBUG_VM
void page_init_poison(struct page* page, size_t size) { memset(page, 0xff, size); }
#endif

/* What is asked of memory of the kernel: whether it is reserved, and whether it is of kmalloc. */
struct page* world_virt_to_page(const void* p) {
  static struct page of_boot = {.flags = 1ul << PG_reserved}, of_kmalloc = {.page_type = -1};
  struct folio* folio = (struct folio*)&of_kmalloc;

  if ((unsigned long)p < (unsigned long)world_boot_memory_end) return &of_boot;
  if (!folio_test_slab(folio)) __folio_set_slab(folio);
  return &of_kmalloc;
}

/* ---- Nodes and zones --------------------------------------------------------------------- */

struct pglist_data* node_data[MAX_NUMNODES];

/* 6.12: of a node that has nothing yet. */
void alloc_offline_node_data(int nid) { node_data[nid] = &boot_nodes[nid]; }

const struct cpumask* cpumask_of_node(int nid) {
  static const struct cpumask none, one = {{1}};

  return nid == numa_node_id() ? &one : &none;
}

static void make_nodes(void) {
  unsigned int i;

  for (i = 0; i < world_machine.nr_blocks; ++i) {
    const int nid = world_machine.blocks[i].nid;

    if (is_online(i)) add_region(i);
    if (world_machine.blocks[i].absent) continue;
    node_data[nid] = &boot_nodes[nid];
    node_set_online(nid);
  }
  set_numa_node(world_machine.blocks[0].nid);
  node_set_state(numa_node_id(), N_CPU);
}

static struct zone* zone_of_block(unsigned int index) {
  const struct world_boot_block* b = &world_machine.blocks[index];

  return &NODE_DATA(b->nid)->node_zones[b->movable ? ZONE_MOVABLE : ZONE_NORMAL];
}

/* Spans reach over online blocks, and not up to where the movable ones begin. */
static void include(unsigned long* start, unsigned long* spanned, unsigned long first) {
  if (*spanned == 0) *start = first;
  *spanned = first + PAGES_PER_SECTION - *start;
}

static void set_spans(void) {
  struct zone* zone;
  unsigned int i;

  for_each_zone(zone) {
    zone->zone_start_pfn = 0;
    zone->spanned_pages = 0;
    zone->zone_pgdat->node_start_pfn = 0;
    zone->zone_pgdat->node_spanned_pages = 0;
  }
  for (i = 0; i < world_machine.nr_blocks; ++i) {
    const unsigned long first = world_first_pfn(block_number(i));
    pg_data_t* node = NODE_DATA(world_machine.blocks[i].nid);

    if (!is_online(i)) continue;
    zone = zone_of_block(i);
    include(&zone->zone_start_pfn, &zone->spanned_pages, first);
    include(&node->node_start_pfn, &node->node_spanned_pages, first);
  }
  for_each_populated_zone(zone) set_zone_contiguous(zone);
}

/* ---- Free pages -------------------------------------------------------------------------- */

/* The lists are filled from behind: what is freed first is taken first. */
static void free_block(unsigned long first) {
  const unsigned long chunk = 1ul << WORLD_LARGEST_ORDER;
  unsigned long left;

  for (left = PAGES_PER_SECTION; left != 0; left -= chunk) {
    const unsigned long pfn = first + left - chunk;

    memblock_free_pages(pfn_to_page(pfn), pfn, WORLD_LARGEST_ORDER);
  }
}

static void reserve_block(unsigned long first) {
  unsigned long pfn;

  for (pfn = first; pfn < first + PAGES_PER_SECTION; ++pfn) __SetPageReserved(pfn_to_page(pfn));
}

void reset_node_managed_pages(pg_data_t* node) {
  unsigned int i;

  for (i = 0; i < MAX_NR_ZONES; ++i) atomic_long_set(&node->node_zones[i].managed_pages, 0);
}

static void hand_over_pages(void) {
  pg_data_t* node;
  unsigned int i;

  for_each_online_pgdat(node) reset_node_managed_pages(node);
  for (i = 0; i < world_machine.nr_blocks; ++i) {
    const unsigned long first = world_first_pfn(block_number(i));

    if (!is_online(i)) continue;
    if (world_machine.blocks[i].reserved) {
      reserve_block(first);
    } else {
      free_block(first);
    }
  }
}

/* ---- Per-CPU lists and watermarks -------------------------------------------------------- */

/* A list passes pages on when it has as many as `high`; 0 is none at all. */
static void set_pageset(struct zone* zone) {
  const int high = world_machine.pcp_high == 0 ? 0 : world_machine.pcp_high + 1;
  struct per_cpu_pages* pcp = this_cpu_ptr(zone->per_cpu_pageset);

  zone->pageset_batch = 1;
  pcp->batch = 1;
  pcp->high = high;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
  zone->pageset_high_min = zone->pageset_high_max = high;
  pcp->high_min = pcp->high_max = high;
#else
  zone->pageset_high = high;
#endif
}

/* Watermarks stay 0: memory can be allocated to the last page. */
int __wrap_init_per_zone_wmark_min(void) { return 0; }

/* The kernel does without types of pageblocks where there is hardly any memory: here there never
 * is much. */
void __real_build_all_zonelists(pg_data_t* node);
void __wrap_build_all_zonelists(pg_data_t* node) {
  __real_build_all_zonelists(node);
  page_group_by_mobility_disabled = 0;
}

void __real_setup_zone_pageset(struct zone* zone);
void __wrap_setup_zone_pageset(struct zone* zone) {
  __real_setup_zone_pageset(zone);
  set_pageset(zone);
}

/* ---- Resources and devices --------------------------------------------------------------- */

/* Where boot memory lies side by side it has one entry. */
static struct resource ram[WORLD_BLOCKS];

static int add_resources(void) {
  unsigned int i, nr = 0;

  for (i = 0; i < world_machine.nr_blocks; ++i) {
    const u64 start = PFN_PHYS(world_first_pfn(block_number(i)));
    const u64 end = start + PFN_PHYS(PAGES_PER_SECTION) - 1;

    if (world_machine.blocks[i].absent) continue;
    if (nr != 0 && ram[nr - 1].end + 1 == start) {
      ram[nr - 1].end = end;
    } else {
      ram[nr++] = (struct resource)DEFINE_RES_NAMED(start, end + 1 - start, "System RAM",
                                                    IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY);
    }
  }
  for (i = 0; i < nr; ++i) {
    const int rc = insert_resource(&iomem_resource, &ram[i]);

    if (rc != 0) return rc;
  }
  return 0;
}

static void set_nid(unsigned int index) {
  struct memory_block* mem = find_memory_block(block_number(index));

  memory_block_add_nid(mem, world_machine.blocks[index].nid, MEMINIT_EARLY);
  put_device(&mem->dev);
}

static int add_offline(unsigned int index) {
  const u64 start = PFN_PHYS(world_first_pfn(block_number(index)));
  const u64 size = PFN_PHYS(PAGES_PER_SECTION);
  const int nid = world_machine.blocks[index].nid;
  struct mhp_params params = {.pgprot = PAGE_KERNEL};
  int rc = __add_pages(nid, PHYS_PFN(start), PHYS_PFN(size), &params);

  if (rc == 0) rc = create_memory_block_devices(start, size, WORLD_NO_ALTMAP, NULL);
  if (rc == 0) {
    register_memory_blocks_under_node(nid, PHYS_PFN(start), PHYS_PFN(start + size),
                                      MEMINIT_HOTPLUG);
  }
  return rc;
}

static int add_devices(void) {
  unsigned int i;
  int rc = 0;

  memory_dev_init();
  for (i = 0; i < world_machine.nr_blocks; ++i) {
    if (is_online(i)) set_nid(i);
  }
  for (i = 0; i < world_machine.nr_blocks && rc == 0; ++i) {
    if (world_machine.blocks[i].offline) rc = add_offline(i);
  }
  return rc;
}

/* ---- The boot ---------------------------------------------------------------------------- */

int world_boot(const struct world_machine* machine) {
  unsigned long zone_ends[MAX_NR_ZONES] = {0};
  struct zone* zone;
  int rc;

  world_machine = *machine;
  world_run(WORLD_TASKS, 0, 0);
  reserve_boot_memory();
  make_memmap();
  make_nodes();
  zone_ends[ZONE_NORMAL] = world_first_pfn(block_number(machine->nr_blocks - 1) + 1);
  movable_node_enabled = true;
  /* With all memory offline no section is there to be begun with. */
  if (memblock.memory.cnt != 0) sparse_init();
  free_area_init(zone_ends);
  build_all_zonelists(NULL);
  movable_node_enabled = false; /* an option of the boot, and one of onlining */
  set_spans();
  hand_over_pages();
  world_boot_memory_end = world_arena_alloc(0, 1);
  system_state = SYSTEM_SCHEDULING;
  setup_per_cpu_pageset();
  for_each_populated_zone(zone) set_pageset(zone);
  /* Counters of events never come back to what they were. */
  static_branch_disable(&vm_numa_stat_key);
  rc = add_resources();
  if (rc == 0) rc = add_devices();
  world_write_auto_online(machine->auto_online ? "online" : "offline");
  if (machine->memmap_on_memory) set_memmap_on_memory();
  system_state = SYSTEM_RUNNING;
  return rc;
}
