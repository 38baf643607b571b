/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arch/um maps nothing. */
#ifndef MODEL_TREE_GLUE_ASM_IO_H_
#define MODEL_TREE_GLUE_ASM_IO_H_

#include_next <asm/io.h>

void __iomem* world_ioremap(phys_addr_t start, size_t size);
void world_iounmap(const volatile void __iomem* address);
#undef ioremap
#undef iounmap
#define ioremap(start, size) world_ioremap(start, size)
#define iounmap(address) world_iounmap(address)

#endif /* MODEL_TREE_GLUE_ASM_IO_H_ */
