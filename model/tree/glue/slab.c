// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory: an arena that grows, and objects of kmalloc in it. An object has a redzone behind it;
 * one that is freed is filled, and waits in quarantine until enough others of its size have been
 * freed after it.
 */
#include <linux/percpu.h>
#include <linux/radix-tree.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "compat.h"
#include "glue.h"

u64 world_arena_used;

/* Boot memory and the memory map: zeroed, and never given back. */
void* world_arena_alloc(size_t size, size_t align) {
  const u64 at = ALIGN(world_arena_used, align);

  if (at + size > WORLD_STACKS - WORLD_ARENA) panic("the arena of the world is full");
  world_arena_used = at + size;
  return (void*)(WORLD_ARENA + at);
}

/* ---- Objects ----------------------------------------------------------------------------- */

#define UNIT 64 /* sizes of objects, with what is around them, are multiples */
#define CLASSES 80
#define QUARANTINE 8 /* objects of a class */
#define LIVE 0x6576696cu
#define FREED 0x65657266u
#define IN_USE 0x5a /* what is in memory that nobody has written to */
#define FREE 0x6b
#define REDZONE 0xbb

struct object {
  struct object* next; /* in quarantine */
  u32 size;
  u32 state;
  u8 bytes[];
};

struct queue {
  struct object *first, *last;
  unsigned int size;
};

static struct queue freed[CLASSES];

static size_t units_of(size_t size) { return DIV_ROUND_UP(sizeof(struct object) + size + 1, UNIT); }

static size_t room_of(const struct object* o) {
  return units_of(o->size) * UNIT - sizeof(struct object);
}

static bool is_filled(const u8* bytes, size_t from, size_t to, u8 with) {
  while (from < to && bytes[from] == with) ++from;
  return from == to;
}

static struct object* reuse(size_t units) {
  struct queue* q = units < CLASSES ? &freed[units] : NULL;
  struct object* o;

  if (q == NULL || q->size <= QUARANTINE) return NULL;
  o = q->first;
  q->first = o->next;
  --q->size;
  if (!is_filled(o->bytes, 0, room_of(o), FREE)) world_host.heap("use after free", o->bytes);
  return o;
}

void* world_object(size_t size, gfp_t gfp) {
  const size_t units = units_of(size);
  struct object* o = reuse(units);

  if (o == NULL) o = world_arena_alloc(units * UNIT, UNIT);
  o->next = NULL;
  o->size = size;
  o->state = LIVE;
  memset(o->bytes, gfp & __GFP_ZERO ? 0 : IN_USE, size);
  memset(o->bytes + size, REDZONE, room_of(o) - size);
  return o->bytes;
}

void* world_kmalloc(size_t size, gfp_t gfp) {
  if (system_state == SYSTEM_RUNNING && world_host.fault("kmalloc") != 0) return NULL;
  return world_object(size, gfp);
}

/* What is wrong is said once. */
static void check_redzone(struct object* o) {
  if (is_filled(o->bytes, o->size, room_of(o), REDZONE)) return;
  world_host.heap("slab-out-of-bounds", o->bytes);
  memset(o->bytes + o->size, REDZONE, room_of(o) - o->size);
}

void kfree(const void* p) {
  struct object* o = container_of((u8*)p, struct object, bytes[0]);
  struct queue* q;

  if (ZERO_OR_NULL_PTR(p)) return;
  if (o->state != LIVE) {
    world_host.heap(o->state == FREED ? "double-free" : "invalid-free", p);
    return;
  }
  check_redzone(o);
  o->state = FREED;
  memset(o->bytes, FREE, room_of(o));
  if (units_of(o->size) >= CLASSES) return;
  q = &freed[units_of(o->size)];
  if (q->size++ == 0) {
    q->first = o;
  } else {
    q->last->next = o;
  }
  q->last = o;
}

bool world_is_freed(const void* p) {
  return container_of((u8*)p, struct object, bytes[0])->state == FREED;
}

/* Behind boot memory there is nothing but objects. */
static struct object* next_object(struct object* o) {
  o = o == NULL ? PTR_ALIGN((struct object*)world_boot_memory_end, UNIT)
                : (void*)o + units_of(o->size) * UNIT;
  return (unsigned long)o < WORLD_ARENA + world_arena_used ? o : NULL;
}

const void* world_next_object(const void* object, u64* size) {
  struct object* o = object == NULL ? NULL : container_of((u8*)object, struct object, bytes[0]);

  o = next_object(o);
  if (o == NULL) return NULL;
  *size = o->state == LIVE ? o->size : 0;
  return o->bytes;
}

/* Nobody has written to what is freed, nor behind what is not. */
void world_check_heap(void) {
  struct object* o;

  for (o = next_object(NULL); o != NULL; o = next_object(o)) {
    if (o->state == LIVE) {
      check_redzone(o);
    } else if (!is_filled(o->bytes, 0, room_of(o), FREE)) {
      world_host.heap("use after free", o->bytes);
      memset(o->bytes, FREE, room_of(o));
    }
  }
}

/* ---- Under the names of the kernel ------------------------------------------------------- */

bool slab_is_available(void) { return system_state != SYSTEM_BOOTING; }

void* WORLD_NOPROF(__kmalloc)(size_t size, gfp_t gfp) { return world_kmalloc(size, gfp); }
void kvfree(const void* p) { kfree(p); }
void* WORLD_NOPROF(kmemdup)(const void* from, size_t size, gfp_t gfp) {
  void* p = world_kmalloc(size, gfp);

  return p == NULL ? NULL : memcpy(p, from, size);
}

char* kstrdup(const char* s, gfp_t gfp) {
  char* copy = s == NULL ? NULL : world_kmalloc(strlen(s) + 1, gfp);

  return copy == NULL ? NULL : strcpy(copy, s);
}
const char* kstrdup_const(const char* s, gfp_t gfp) { return kstrdup(s, gfp); }
void kfree_const(const void* p) { kfree(p); }

/* The only cache that the core has is that of the nodes of xarrays. */
void* WORLD_NOPROF(kmem_cache_alloc_lru)(struct kmem_cache* cache, struct list_lru* lru,
                                         gfp_t gfp) {
  struct xa_node* node = world_kmalloc(sizeof(*node), gfp | __GFP_ZERO);

  if (node != NULL) INIT_LIST_HEAD(&node->private_list);
  return node;
}

struct kmem_cache* radix_tree_node_cachep;

void radix_tree_node_rcu_free(struct rcu_head* head) {
  kfree(container_of(head, struct xa_node, rcu_head));
}

/* Memory of CPUs is not kmalloc's. */
void free_percpu(void __percpu* p) { kfree((void __force*)p); }

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
kmem_buckets kmalloc_caches[NR_KMALLOC_TYPES];

void* __kmalloc_cache_noprof(struct kmem_cache* cache, gfp_t gfp, size_t size) {
  return world_kmalloc(size, gfp);
}
void* __kmalloc_node_noprof(DECL_BUCKET_PARAMS(size, b), gfp_t gfp, int nid) {
  return world_kmalloc(size, gfp);
}
void* __kmalloc_node_track_caller_noprof(DECL_BUCKET_PARAMS(size, b), gfp_t gfp, int nid,
                                         unsigned long caller) {
  return world_kmalloc(size, gfp);
}
void* __kvmalloc_node_noprof(DECL_BUCKET_PARAMS(size, b), gfp_t gfp, int nid) {
  return world_kmalloc(size, gfp);
}
void __percpu* pcpu_alloc_noprof(size_t size, size_t align, bool reserved, gfp_t gfp) {
  return (void __percpu*)world_object(size, gfp | __GFP_ZERO);
}
#else
struct kmem_cache* kmalloc_caches[NR_KMALLOC_TYPES][KMALLOC_SHIFT_HIGH + 1];

void* kmalloc_trace(struct kmem_cache* cache, gfp_t gfp, size_t size) {
  return world_kmalloc(size, gfp);
}
void* __kmalloc_node(size_t size, gfp_t gfp, int nid) { return world_kmalloc(size, gfp); }
void* __kmalloc_node_track_caller(size_t size, gfp_t gfp, int nid, unsigned long caller) {
  return world_kmalloc(size, gfp);
}
void* kvmalloc_node(size_t size, gfp_t gfp, int nid) { return world_kmalloc(size, gfp); }
void __percpu* __alloc_percpu(size_t size, size_t align) {
  return (void __percpu*)world_object(size, __GFP_ZERO);
}
#endif
