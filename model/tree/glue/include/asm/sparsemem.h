/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections are memory blocks, and as large as the geometry of the world says. */
#ifndef MODEL_TREE_GLUE_ASM_SPARSEMEM_H_
#define MODEL_TREE_GLUE_ASM_SPARSEMEM_H_

#define SECTION_SIZE_BITS WORLD_SECTION_BITS
#define MAX_PHYSADDR_BITS WORLD_PHYS_BITS
#define MAX_PHYSMEM_BITS WORLD_PHYS_BITS

#ifndef __ASSEMBLY__
struct page;
/* Where the struct page of pfn 0 would be: those of the machine lie at the beginning of the arena.
 */
extern struct page* world_vmemmap;
#define vmemmap world_vmemmap
#endif

#endif /* MODEL_TREE_GLUE_ASM_SPARSEMEM_H_ */
