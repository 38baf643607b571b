// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What pages contain. Nothing is there: that they were cleared is known, and that user space sees
 * them. An access to it faults.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "glue.h"

void world_clear_page(void* address) { world_host.driver.cleared(PHYS_PFN(__pa(address))); }

/* ---- Mappings of memory that is not Linux's ---------------------------------------------- */

/* Each has addresses of its own, where nothing lies. */
#define MAPPINGS 16
#define MAPPING_BYTES (1ul << 40)
static struct mapping {
  phys_addr_t start;
  size_t size; /* 0: free */
} mappings[MAPPINGS];

static struct mapping* mapping_of(const volatile void* address) {
  const unsigned long offset = (unsigned long)address - WORLD_IO;
  struct mapping* m = &mappings[offset / MAPPING_BYTES % MAPPINGS];

  return offset < MAPPINGS * MAPPING_BYTES && m->size != 0 ? m : NULL;
}

void __iomem* world_ioremap(phys_addr_t start, size_t size) {
  unsigned int i;

  if (world_host.fault("ioremap") != 0) return NULL;
  for (i = 0; i < MAPPINGS; ++i) {
    if (mappings[i].size != 0) continue;
    mappings[i] = (struct mapping){start, size};
    return (void __iomem*)(WORLD_IO + i * MAPPING_BYTES);
  }
  return NULL;
}

void world_iounmap(const volatile void __iomem* address) {
  struct mapping* m = mapping_of((const volatile void*)address);

  if (m == NULL) {
    world_host.heap("iounmap() of what is not mapped", (const void*)address);
  } else {
    m->size = 0;
  }
}

int arch_create_linear_mapping(int nid, u64 start, u64 size, struct mhp_params* params) {
  return world_host.fault("add_memory");
}
void arch_remove_linear_mapping(u64 start, u64 size) { might_sleep(); }

/* ---- User space -------------------------------------------------------------------------- */

unsigned long task_size = ~0ul;

unsigned long raw_copy_from_user(void* to, const void __user* from, unsigned long n) {
  memcpy(to, (const void __force*)from, n);
  return 0;
}

/* What is not for us to look at is read, and written nowhere. */
static void copy_out(void* to, const u8* from, unsigned long n) {
  if ((unsigned long)to < WORLD_USER) {
    memcpy(to, from, n);
  } else {
    while (n-- != 0) (void)READ_ONCE(from[n]);
  }
}

/* Of what is mapped user space gets the contents; where nothing is mapped, or is no more, the loads
 * fault, and are survived. */
unsigned long raw_copy_to_user(void __user* to, const void* from, unsigned long n) {
  const unsigned long offset = (unsigned long)from - WORLD_IO;
  const struct mapping* m = mapping_of(from);
  phys_addr_t start;

  if ((unsigned long)from >= PAGE_SIZE && offset >= MAPPINGS * MAPPING_BYTES) {
    copy_out((void __force*)to, from, n);
    return 0;
  }
  if (m == NULL) {
    world_host.heap("a read of what is not mapped", from);
    return n;
  }
  start = m->start + offset % MAPPING_BYTES;
  world_host.driver.seen(PHYS_PFN(start), PHYS_PFN(start + n - 1) - PHYS_PFN(start) + 1, 0);
  return 0;
}

int remap_pfn_range(struct vm_area_struct* vma, unsigned long address, unsigned long pfn,
                    unsigned long size, pgprot_t prot) {
  world_host.driver.seen(pfn, size >> PAGE_SHIFT, 1);
  return 0;
}
