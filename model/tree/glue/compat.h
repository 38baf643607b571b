/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the glue must know of differences between releases. */
#ifndef MODEL_TREE_GLUE_COMPAT_H_
#define MODEL_TREE_GLUE_COMPAT_H_

#include <linux/version.h>

/* 6.10: allocators are called by way of macros, under names of their own. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define WORLD_NOPROF(name) name##_noprof
#else
#define WORLD_NOPROF(name) name
#endif

/* 6.4: what registers a subsystem does not change it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define WORLD_BUS const struct bus_type
#else
#define WORLD_BUS struct bus_type
#endif

/* 6.3: folios are isolated and migrated, not pages. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define WORLD_FOLIOS 1
#else
#define WORLD_FOLIOS 0
#endif

/* 6.4: the largest order is one. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define WORLD_LARGEST_ORDER MAX_PAGE_ORDER
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define WORLD_LARGEST_ORDER MAX_ORDER
#else
#define WORLD_LARGEST_ORDER (MAX_ORDER - 1)
#endif

/* Backported to 6.12: memory of devices is removed with its owner. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define WORLD_PGMAP , struct dev_pagemap *pgmap
#define WORLD_PASS_PGMAP , pgmap
#else
#define WORLD_PGMAP
#define WORLD_PASS_PGMAP
#endif

/* 6.8: two more actions. */
#define WORLD_PREPARES (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0))

/* 6.9: a memory map that a block holds itself is described. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define WORLD_NO_ALTMAP NULL
#else
#define WORLD_NO_ALTMAP 0
#endif

/* 6.6: whether a memory map fits is asked of all blocks alike, and who forces it to has one that
 * fills less than a pageblock fill one. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define WORLD_MEMMAP_OF void
#define WORLD_MEMMAP_MODE "force"
#else
#define WORLD_MEMMAP_OF unsigned long size
#define WORLD_MEMMAP_MODE "y"
#endif

/* 6.9: who dumps a page does not change it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define WORLD_DUMPED const
#else
#define WORLD_DUMPED
#endif

/* 6.11: types of pages are numbers, and no bits that are cleared. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define WORLD_TYPE_MASK(name) 0xff000000u
#define WORLD_TYPE(name) ((u32)PGTY_##name << 24)
#else
#define WORLD_TYPE_MASK(name) (PAGE_TYPE_BASE | PG_##name)
#define WORLD_TYPE(name) PAGE_TYPE_BASE
#endif

#endif /* MODEL_TREE_GLUE_COMPAT_H_ */
