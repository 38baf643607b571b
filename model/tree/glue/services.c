// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the core asks of the rest of the kernel: threads that have nothing to do here, and variables
 * that others define.
 */
#include <linux/cpuhotplug.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/moduleparam.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/user_namespace.h>
#include <linux/vmstat.h>
#include <linux/wait.h>
#include <linux/writeback.h>

#include "compat.h"
#include "glue.h"
#include "internal.h"

/* ---- Tasks ------------------------------------------------------------------------------- */

/* What is a task's own lies above its kernel stack, and is made when it first runs. */
struct world_task {
  struct thread_info info;
  struct task_struct task;
  struct signal_struct signal;
  struct world_calls calls;
};
static_assert(sizeof(struct world_task) <= WORLD_TASK_BYTES);

struct thread_info* world_thread_info;
unsigned int world_task;
static u32 started; /* a bit for each task */

static struct world_task* find_task(unsigned int number) {
  return (void*)(WORLD_STACKS + (number + 1) * WORLD_STACK_BYTES - WORLD_TASK_BYTES);
}

static void start_task(struct world_task* t) {
  memset(t, 0, sizeof(*t));
  t->info.task = &t->task;
  t->task.stack = &t->info;
  t->task.signal = &t->signal;
}

void world_run(unsigned int number, int pending, int fatal) {
  struct world_task* t = find_task(number);

  if ((started >> number & 1) == 0) start_task(t);
  started |= 1u << number;
  world_task = number;
  world_thread_info = &t->info;
  world_calls = &t->calls;
  if (pending) {
    set_ti_thread_flag(&t->info, TIF_SIGPENDING);
  } else {
    clear_ti_thread_flag(&t->info, TIF_SIGPENDING);
  }
  if (fatal) {
    sigaddset(&t->task.pending.signal, SIGKILL);
  } else {
    sigdelset(&t->task.pending.signal, SIGKILL);
  }
}

void world_rest(void) {
  world_end_line();
  world_run_rcu();
  world_check_heap();
  world_check_lru();
}

/* ---- Threads of the kernel --------------------------------------------------------------- */

void kswapd_run(int nid) {}
void kswapd_stop(int nid) {}
void kcompactd_run(int nid) {}
void kcompactd_stop(int nid) {}
void wakeup_kswapd(struct zone* zone, gfp_t gfp, int order, enum zone_type highest) {}
void writeback_set_ratelimit(void) {}

/* There is nothing to reclaim. */
unsigned long try_to_free_pages(struct zonelist* zonelist, int order, gfp_t gfp,
                                nodemask_t* nodes) {
  cond_resched();
  return 0;
}
unsigned int reclaim_clean_pages_from_list(struct zone* zone, struct list_head* list) { return 0; }
unsigned long zone_reclaimable_pages(struct zone* zone) { return 0; }
int node_reclaim(struct pglist_data* node, gfp_t gfp, unsigned int order) {
  return NODE_RECLAIM_NOSCAN;
}
bool node_dirty_ok(struct pglist_data* node) { return true; }
void reclaim_throttle(pg_data_t* node, enum vmscan_throttle_state reason) { world_host.sleep(); }

void __init_waitqueue_head(struct wait_queue_head* q, const char* name,
                           struct lock_class_key* key) {
  spin_lock_init(&q->lock);
  INIT_LIST_HEAD(&q->head);
}
/* Nobody waits. */
int __wake_up(struct wait_queue_head* q, unsigned int mode, int nr, void* key) { return 0; }
int __cpuhp_setup_state(enum cpuhp_state state, const char* name, bool invoke,
                        int (*startup)(unsigned int), int (*teardown)(unsigned int), bool multi) {
  return 0;
}

/* Without mm/memory-failure.c no page is ever poisoned. */
void clear_hwpoisoned_pages(struct page* memmap, int pages) {}
void num_poisoned_pages_sub(unsigned long pfn, long pages) {}

/* ---- The architecture -------------------------------------------------------------------- */

void arch_remove_memory(u64 start, u64 size, struct vmem_altmap* altmap WORLD_PGMAP) {
  __remove_pages(PHYS_PFN(start), PHYS_PFN(size), altmap WORLD_PASS_PGMAP);
}

int arch_add_memory(int nid, u64 start, u64 size, struct mhp_params* params) {
  const int rc = world_host.fault("add_memory");

  return rc != 0 ? rc : __add_pages(nid, PHYS_PFN(start), PHYS_PFN(size), params);
}

/* Pages have no contents: nothing is ever mapped there. */
unsigned long uml_physmem = WORLD_PAGES;

/* ---- Variables --------------------------------------------------------------------------- */

enum system_states system_state = SYSTEM_BOOTING;
bool static_key_initialized = true;
unsigned long volatile jiffies;
unsigned long highest_memmap_pfn = ULONG_MAX;
struct user_namespace init_user_ns;
DEFINE_MUTEX(oom_lock);
int node_reclaim_mode;
enum zone_type policy_zone;
struct cpumask __cpu_online_mask = {{1}};
const struct kernel_param_ops param_ops_uint;
char _stext[1], _etext[1], _sdata[1], _edata[1], _sinittext[1], _einittext[1];
char __init_begin[1], __init_end[1], __start_rodata[1], __end_rodata[1];
char __bss_start[1], __bss_stop[1];

static int set_bool(const char* word, const struct kernel_param* p) {
  return kstrtobool(word, p->arg);
}
const struct kernel_param_ops param_ops_bool = {.set = set_bool};

/* Of mm/mm_init.c, mm/show_mem.c: nobody asks. */
atomic_long_t _totalram_pages;
unsigned long totalreserve_pages, totalcma_pages;
void memmap_pages_add(long pages) {}
void memmap_boot_pages_add(long pages) {}

/* ---- Counters of mm/vmstat.c ------------------------------------------------------------- */

atomic_long_t vm_zone_stat[NR_VM_ZONE_STAT_ITEMS], vm_node_stat[NR_VM_NODE_STAT_ITEMS];

unsigned long node_page_state_pages(struct pglist_data* node, enum node_stat_item item) {
  return atomic_long_read(&node->vm_stat[item]);
}
unsigned long node_page_state(struct pglist_data* node, enum node_stat_item item) {
  return node_page_state_pages(node, item);
}

unsigned long sum_zone_node_page_state(int nid, enum zone_stat_item item) {
  unsigned long sum = 0;
  int i;

  for (i = 0; i < MAX_NR_ZONES; ++i) sum += zone_page_state(&NODE_DATA(nid)->node_zones[i], item);
  return sum;
}

unsigned long int_sqrt(unsigned long x) {
  unsigned long root = 0;

  while ((root + 1) * (root + 1) <= x) ++root;
  return root;
}

/* ---- Strings, of which an architecture has its own --------------------------------------- */

void* memset(void* to, int with, size_t n) {
  void* at = to;

  asm volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(with) : "memory");
  return to;
}

void* memcpy(void* to, const void* from, size_t n) {
  void* at = to;

  asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
  return to;
}

void* memmove(void* to, const void* from, size_t n) {
  if ((size_t)(to - from) >= n) return memcpy(to, from, n);
  while (n-- != 0) ((u8*)to)[n] = ((const u8*)from)[n];
  return to;
}
