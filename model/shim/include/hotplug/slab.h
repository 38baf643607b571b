// SPDX-License-Identifier: GPL-2.0-or-later
//
// kmalloc and its family.
#ifndef HOTPLUG_SLAB_H_
#define HOTPLUG_SLAB_H_

#include <hotplug/types.h>

// May sleep (GFP_KERNEL) or may not (GFP_ATOMIC); zeroes; the rest changes nothing here.
#define __GFP_DIRECT_RECLAIM 0x1u
#define __GFP_ZERO 0x2u
#define __GFP_NOWARN 0x4u
#define __GFP_THISNODE 0x8u
#define __GFP_RETRY_MAYFAIL 0x10u
#define __GFP_NORETRY 0x20u
#define __GFP_MOVABLE 0x40u
#define HOTPLUG_GFP_PAGES 0x100u
#define GFP_KERNEL __GFP_DIRECT_RECLAIM
#define GFP_USER GFP_KERNEL
#define GFP_ATOMIC 0x80u
#define GFP_NOWAIT 0u

static inline void* hotplug_kmalloc(const struct hotplug_site* at, size_t n, size_t size,
                                    gfp_t flags) {
  return hotplug_kernel->alloc(at, n, size,
                               ((flags & __GFP_ZERO) != 0 ? HOTPLUG_ZERO : 0) |
                                   ((flags & GFP_KERNEL) == 0 ? HOTPLUG_ATOMIC : 0) |
                                   ((flags & HOTPLUG_GFP_PAGES) != 0 ? HOTPLUG_PAGES : 0));
}

#define kmalloc(size, flags) hotplug_kmalloc(HOTPLUG_AT("kmalloc"), 1, size, flags)
#define kzalloc(size, flags) hotplug_kmalloc(HOTPLUG_AT("kzalloc"), 1, size, (flags) | __GFP_ZERO)
#define kmalloc_array(n, size, flags) hotplug_kmalloc(HOTPLUG_AT("kmalloc_array"), n, size, flags)
#define kcalloc(n, size, flags) \
  hotplug_kmalloc(HOTPLUG_AT("kcalloc"), n, size, (flags) | __GFP_ZERO)
#define kvmalloc(size, flags) hotplug_kmalloc(HOTPLUG_AT("kvmalloc"), 1, size, flags)
#define kvzalloc(size, flags) hotplug_kmalloc(HOTPLUG_AT("kvzalloc"), 1, size, (flags) | __GFP_ZERO)
#define vmalloc(size) \
  hotplug_kmalloc(HOTPLUG_AT("vmalloc"), 1, size, GFP_KERNEL | HOTPLUG_GFP_PAGES)
#define vzalloc(size) \
  hotplug_kmalloc(HOTPLUG_AT("vzalloc"), 1, size, GFP_KERNEL | __GFP_ZERO | HOTPLUG_GFP_PAGES)
#define kfree(object) hotplug_kernel->free(HOTPLUG_AT("kfree"), object)
#define kvfree(object) hotplug_kernel->free(HOTPLUG_AT("kvfree"), object)
#define vfree(object) hotplug_kernel->free(HOTPLUG_AT("vfree"), object)

static inline char* hotplug_strdup(const char* text, char* copy) {
  if (copy != NULL) memcpy(copy, text, strlen(text) + 1);
  return copy;
}
#define kstrdup(text, flags)                                                                    \
  ({                                                                                            \
    const char* from_ = (text);                                                                 \
    hotplug_strdup(from_, hotplug_kmalloc(HOTPLUG_AT("kstrdup"), 1, strlen(from_) + 1, flags)); \
  })
// What lies in the file itself is not copied, and not freed.
#define kstrdup_const(text, flags) ((void)(flags), (text))
#define kfree_const(text) ((void)(text))

#endif  // HOTPLUG_SLAB_H_
