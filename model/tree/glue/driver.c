// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver's own file, beside the core. Its calls of the functions in driver-calls.txt come here:
 * what it takes, gives back and is told is told to the host.
 */
#include <linux/init.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>

#include "compat.h"
#include "glue.h"

/* ---- The boot ---------------------------------------------------------------------------- */

extern const struct kernel_param __start___param[], __stop___param[];

long world_set_param(const char* name, const char* value) {
  const struct kernel_param* p;

  for (p = __start___param; p < __stop___param; ++p) {
    const char* dot = strrchr(p->name, '.');

    if (strcmp(dot == NULL ? p->name : dot + 1, name) == 0) return p->ops->set(value, p);
  }
  return -ENOENT;
}

long world_init_driver(void) {
  const initcall_t* call;
  long first = 0;

  for (call = world_driver_initcalls_start; call < world_driver_initcalls_end; ++call) {
    const int rc = (*call)();

    if (rc < 0 && first == 0) first = rc;
  }
  return first;
}

/* ---- Memory ------------------------------------------------------------------------------ */

struct page* WORLD_NOPROF(world_driver_alloc_contig_pages)(unsigned long nr, gfp_t gfp, int nid,
                                                           nodemask_t* nodes) {
  struct page* page = WORLD_NOPROF(alloc_contig_pages)(nr, gfp, nid, nodes);

  if (page != NULL) world_host.driver.allocated(page_to_pfn(page), nr);
  return page;
}

void world_driver_free_contig_range(unsigned long pfn, unsigned long nr) {
  world_host.driver.frees(pfn, nr);
  free_contig_range(pfn, nr);
}

void world_driver_set_offline(struct page* page, int offline) {
  if (offline) {
    __SetPageOffline(page);
  } else {
    __ClearPageOffline(page);
  }
  world_host.driver.marked(page_to_pfn(page), offline);
}

void world_driver_adjust_managed_page_count(struct page* page, long count) {
  adjust_managed_page_count(page, count);
  world_host.driver.managed(page_to_pfn(page), count);
}

static int removed(u64 start, u64 size, int rc) {
  world_host.driver.removed(PHYS_PFN(start), PHYS_PFN(size));
  return rc;
}

int world_driver_remove_memory(u64 start, u64 size) {
  return removed(start, size, remove_memory(start, size));
}

void world_driver___remove_memory(u64 start, u64 size) {
  __remove_memory(start, size);
  removed(start, size, 0);
}

int world_driver_offline_and_remove_memory(u64 start, u64 size) {
  return removed(start, size, offline_and_remove_memory(start, size));
}

const void* const world_driver_removers[] = {world_driver_remove_memory,
                                             world_driver___remove_memory,
                                             world_driver_offline_and_remove_memory, NULL};

/* ---- Notifiers: what they call is called by way of the glue ------------------------------ */

static struct driver_notifier {
  struct notifier_block* nb;
  notifier_fn_t call;
  u32 owner;
} notifiers[16];

static struct driver_notifier* find(const struct notifier_block* nb) {
  unsigned int i;

  for (i = 0; i < ARRAY_SIZE(notifiers); ++i) {
    if (notifiers[i].nb == nb) return &notifiers[i];
  }
  return NULL;
}

static int tell(struct notifier_block* nb, unsigned long action, void* data) {
  const struct driver_notifier n = *find(nb);
  const struct world_notice notice = world_notice_of(action, data);
  int answer;

  world_host.driver.told(n.owner, &notice);
  answer = n.call(nb, action, data);
  world_host.driver.answered(n.owner, &notice, answer);
  return answer;
}

int world_driver_register_memory_notifier(struct notifier_block* nb) {
  struct driver_notifier* n = find(nb);

  if (n != NULL) return register_memory_notifier(nb);
  n = find(NULL);
  if (n == NULL) return -ENOMEM;
  *n = (struct driver_notifier){nb, nb->notifier_call, world_host.driver.owner(nb->notifier_call)};
  nb->notifier_call = tell;
  return register_memory_notifier(nb);
}

void world_driver_unregister_memory_notifier(struct notifier_block* nb) {
  struct driver_notifier* n = find(nb);

  unregister_memory_notifier(nb);
  if (n == NULL) return;
  nb->notifier_call = n->call;
  n->nb = NULL;
}

void world_check_driver_stack(void) {
  const unsigned long stack = WORLD_STACKS + world_task * WORLD_STACK_BYTES;
  unsigned int i;

  for (i = 0; i < ARRAY_SIZE(notifiers); ++i) {
    if ((unsigned long)notifiers[i].nb - stack >= WORLD_STACK_BYTES) continue;
    world_host.heap("a notifier_block on the stack stays registered", notifiers[i].nb);
  }
}
