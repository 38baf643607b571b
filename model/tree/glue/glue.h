/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel side of a world, beside the files of the tree: what is common to the glue. Each .c
 * file here is a theme. Its functions have the names of the kernel's, and give way to them where
 * the file that defines these is linked, too.
 */
#ifndef MODEL_TREE_GLUE_GLUE_H_
#define MODEL_TREE_GLUE_GLUE_H_

#include <linux/init.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/version.h>

#include "abi.h"

struct device;

extern const struct world_host world_host; /* as the kernel calls it (exports.c) */

/* The linker's. */
extern char world_text_start[], world_text_end[], world_state_start[], world_state_end[];
extern char world_absent_start[], world_absent_end[], world_coverage[];
extern struct world_reached world_reached;
extern const char world_absent_names[];
extern char world_driver_start[], world_driver_end[];
extern char world_driver_data_start[], world_driver_data_end[];
extern const initcall_t world_driver_initcalls_start[], world_driver_initcalls_end[];

/* What a world can do and show, for the exports. */
int world_boot(const struct world_machine* machine);
void world_run(unsigned int task, int pending, int fatal);
void world_rest(void);
long world_write_state(unsigned long block, const char* word);
long world_write_online(unsigned long block, int online);
long world_write_probe(unsigned long block);
long world_write_auto_online(const char* word);
long world_firmware_remove(unsigned long block);
long world_firmware_add(unsigned long block);
long world_remove_dimms(unsigned long block, unsigned long nr_blocks);
long world_register_notifier(unsigned int notifier, int priority);
long world_unregister_notifier(unsigned int notifier);
long world_alloc_pages(int nid, int movable, unsigned int order);
long world_free_pages(void);
long world_alloc_contig(int nid, unsigned int order);
long world_free_contig(void);
long world_get_page(unsigned long pfn);
long world_put_page(unsigned long pfn);
long world_memory_failure(unsigned long pfn);
void world_note_pageblock(unsigned long pfn, unsigned long flags, unsigned long mask);
void world_see_pages(unsigned long pfn, unsigned long nr, struct world_page* pages);
u8 world_see_pageblock(unsigned long pfn);
const char* world_see_struct_page(unsigned long pfn);
unsigned int world_see_nr_pcp_pages(void);
void world_see_pcp_pages(unsigned long pfn, unsigned long nr, struct world_page* pages);
void world_see_zone(unsigned int zone, struct world_zone* z);
void world_see_node(unsigned int nid, struct world_node* n);
void world_see_block(unsigned long block, struct world_block* b);
int world_see_resource(unsigned int index, struct world_resource* r);
extern const void* const world_driver_removers[];
long world_set_param(const char* name, const char* value);
long world_init_driver(void);
long world_write_enable(u64 value);
long world_read_enable(u64* value);
long world_open_trace(int nid);
long world_read_trace(u64 offset, u64 length);
long world_mmap_trace(u64 offset, u64 length);
long world_close_trace(void);
long world_exit_mmap(void);
const void* world_next_object(const void* object, u64* size);
void world_page_names(unsigned long pfn, u64* page, u64* address);
unsigned int world_see_leaked_devices(void);
extern const char world_function_entry[], world_function_return[];
unsigned int world_see_cached(unsigned long pfn);

/* boot.c: the machine, and its memory that nobody frees. */
extern struct world_machine world_machine;
unsigned int world_block_index(unsigned long block); /* nr_blocks of one that it does not have */
int world_boot_nid(unsigned long block); /* NUMA_NO_NODE of a block that it does not have */
extern u64 world_arena_used;
extern unsigned int world_task;
void* world_arena_alloc(size_t size, size_t align);
extern struct page* world_page_map; /* null where pages do not lie side by side */
extern char* world_boot_memory_end; /* of all that is not of kmalloc */

/* functions.c: of the running task, those that tell of themselves. */
extern struct world_calls* world_calls;

/* printk.c: a line that has no end of its own is over. */
void world_end_line(void);
/* locks.c */
void world_run_rcu(void);
void world_atomic_begin(void);
void world_atomic_end(void);
/* slab.c */
void* world_kmalloc(size_t size, gfp_t gfp);
void* world_object(size_t size, gfp_t gfp); /* the same, and it never fails */
void world_check_heap(void);
bool world_is_freed(const void* p);
/* driver.c: no notifier of the driver lies on the stack of the running task any more. */
void world_check_driver_stack(void);
/* devices.c */
struct device* world_find_device(unsigned long id); /* null without one; no reference is taken */
long world_write_attribute(struct device* dev, const char* name, const char* word);
long world_write_root_attribute(const char* name, const char* word);
int world_lock_hotplug_sysfs(void); /* 0, or -EINTR: killed while it was waited for */
/* migrate.c: an anonymous page is mapped by a process, and unmapped. */
void world_map(struct page* page);
void world_unmap(struct page* page);
void world_lru_add(struct page* page);
void world_lru_del(struct page* page);
void world_check_lru(void);
void world_range_tested(unsigned long up_to); /* ghosts.c */

/* ops.c */
struct world_notice world_notice_of(unsigned long action, const void* data);
void world_block_added(unsigned long block);
void world_block_removed(unsigned long block);
bool world_block_is_ejected(unsigned long block);
/* A page of an allocation has moved. */
void world_allocation_moved(struct page* from, struct page* to);

/* contents.c: where user space has its memory. Nothing lies there. */
#define WORLD_USER (1ul << 46)

static inline unsigned long world_first_pfn(unsigned long block) {
  return block * PAGES_PER_SECTION;
}

#endif /* MODEL_TREE_GLUE_GLUE_H_ */
