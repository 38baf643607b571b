// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memtrace algorithm of the RFC of 2019-12-17, as a driver's own file: it
 * takes contiguous pages, marks them PageOffline, and has their blocks removed
 * one by one, while a notifier of its own drops the references.
 *
 * What is wrong with that algorithm is wrong here. Each -DFIX_NAME corrects one
 * thing, under the names that the model's rfc_v1 has for it
 * (`hotplug-fuzz list fixes`). Compiles with the model's vocabulary, and with
 * the headers of Linux 6.1 and 6.12.
 */
#define pr_fmt(fmt) "memtrace: " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/version.h>

/* Whether a macro is defined (as 1). */
#define FIXED(name) FIXED_VALUE(FIX_##name)
#define FIXED_VALUE(value) FIXED_IS(value)
#define FIXED_IS(value) FIXED_SECOND(FIXED_SHIFT_##value 1, 0)
#define FIXED_SHIFT_1 0,
#define FIXED_SECOND(...) FIXED_SECOND_OF(__VA_ARGS__, 0)
#define FIXED_SECOND_OF(first, second, ...) (second)

/* A variable up to 5.6. Later what has gone online by itself stays online. */
#ifndef memhp_auto_online
#define memhp_auto_online false
#endif

/*
 * Since 6.11 who marks pages PageOffline takes them out of the managed ones,
 * which the RFC could not know. KEEP_MANAGED leaves that out.
 */
#if defined(LINUX_VERSION_CODE) && LINUX_VERSION_CODE >= 0x060b00 &&           \
    !defined(KEEP_MANAGED)
#define unmanage(page, nr_pages) adjust_managed_page_count(page, -(nr_pages))
#else
#define unmanage(page, nr_pages) ((void)(page), (void)(nr_pages))
#endif

/* What one call takes from a node. */
struct rfc_call {
	struct notifier_block nb;
	unsigned long base;
	unsigned long nr_pages;
	unsigned long given; /* as rfc_given, of this call */
	bool offlines;	     /* it takes a block offline just now */
	bool locked;	     /* it holds device_hotplug_lock */
};

/* A range that is the module's. */
struct rfc_entry {
	void *mem;
	u64 start;
	u64 size;
	u32 nid;
	struct dentry *dir;
	char name[16];
};

/* What could not be added back (FIX_RETRY). */
#define RFC_KEPT 64
static struct {
	unsigned long pfn;
	int nid;
	bool used;
} rfc_kept[RFC_KEPT];

static DEFINE_MUTEX(rfc_mutex);
static u64 rfc_size;
static struct rfc_entry *rfc_array;
static unsigned int rfc_array_nr;
static struct dentry *rfc_dir;

static unsigned long pages_per_block(void)
{
	return memory_block_size_bytes() >> PAGE_SHIFT;
}

/* ---- The notifier ------------------------------------------------------- */

/* Whether references have been dropped for an offlining that is not over. */
static unsigned long rfc_given;

static unsigned long *given_of(struct rfc_call *call)
{
	return FIXED(CALL_FLAG) || FIXED(BLOCK_FLAG) ? &call->given
						     : &rfc_given;
}

static unsigned long given_bit(const struct rfc_call *call, unsigned long pfn)
{
	unsigned long block = (pfn - call->base) / pages_per_block();

	return FIXED(BLOCK_FLAG) ? 1UL << block : 1;
}

static void retake(unsigned long pfn, unsigned long end)
{
	for (; pfn < end; pfn++) {
		if (FIXED(FREEZE))
			page_ref_unfreeze(pfn_to_page(pfn), 1);
		else
			page_ref_inc(pfn_to_page(pfn));
	}
}

/* With FIX_FREEZE a page that somebody else holds keeps all of them. */
static int give(unsigned long start, unsigned long end)
{
	unsigned long pfn;

	for (pfn = start; pfn < end; pfn++) {
		if (!FIXED(FREEZE)) {
			page_ref_dec(pfn_to_page(pfn));
		} else if (!page_ref_freeze(pfn_to_page(pfn), 1)) {
			retake(start, pfn);
			return -EBUSY;
		}
	}
	return 0;
}

static void end_offlining(struct rfc_call *call, unsigned long start,
			  unsigned long end, bool offline)
{
	unsigned long *given = given_of(call);
	unsigned long bit = given_bit(call, start);

	if (!offline && (*given & bit))
		retake(start, end);
	*given &= ~bit;
}

static int begin_offlining(struct rfc_call *call, unsigned long start,
			   unsigned long end)
{
	int rc;

	if (FIXED(VETO) && !call->offlines)
		return -EBUSY;
	rc = give(start, end);
	if (!rc)
		*given_of(call) |= given_bit(call, start);
	return rc;
}

static int memtrace_memory_notifier_cb(struct notifier_block *nb,
				       unsigned long action, void *arg)
{
	struct rfc_call *call = container_of(nb, struct rfc_call, nb);
	const struct memory_notify *event = arg;
	unsigned long start = max(call->base, event->start_pfn);
	unsigned long end = min(call->base + call->nr_pages,
				event->start_pfn + event->nr_pages);

	if (start >= end)
		return NOTIFY_OK;
	switch (action) {
	case MEM_GOING_OFFLINE:
		return notifier_from_errno(begin_offlining(call, start, end));
	case MEM_CANCEL_OFFLINE:
		end_offlining(call, start, end, false);
		break;
	case MEM_OFFLINE:
		if (FIXED(CLEAR_FLAG))
			end_offlining(call, start, end, true);
		break;
	case MEM_GOING_ONLINE:
		/* The wrong one of the two helpers refuses nothing. */
		return FIXED(ERRNO) ? notifier_from_errno(-EBUSY)
				    : notifier_to_errno(-EBUSY);
	}
	return NOTIFY_OK;
}

/* ---- Locking ------------------------------------------------------------ */

/* Whether the caller has to unlock. */
static bool lock_if(bool wanted, struct rfc_call *call)
{
	if (!wanted || call->locked)
		return false;
	lock_device_hotplug();
	call->locked = true;
	return true;
}

static void unlock_if(bool locked, struct rfc_call *call)
{
	if (!locked)
		return;
	call->locked = false;
	unlock_device_hotplug();
}

/* ---- Giving memory back ------------------------------------------------- */

static int online_block(struct memory_block *mem, void *arg)
{
	return device_online(&mem->dev);
}

/* With FIX_RESERVE nobody else can add what is the module's. */
static void reserve(u64 start, u64 size)
{
	if (FIXED(RESERVE))
		request_mem_region(start, size, "memtrace");
}

static int add_reserved(int nid, u64 start, u64 size, struct rfc_call *call)
{
	bool locked = lock_if(FIXED(RESERVE), call);
	int rc;

	if (FIXED(RESERVE))
		release_mem_region(start, size);
	rc = call->locked ? __add_memory(nid, start, size, MHP_NONE)
			  : add_memory(nid, start, size, MHP_NONE);
	if (rc)
		reserve(start, size);
	unlock_if(locked, call);
	return rc;
}

static int add_to_linux(int nid, unsigned long pfn, unsigned long nr_pages,
			struct rfc_call *call)
{
	u64 start = PFN_PHYS(pfn);
	u64 size = PFN_PHYS(nr_pages);
	int rc = add_reserved(nid, start, size, call);
	bool locked;

	if (rc || memhp_auto_online)
		return rc;
	locked = lock_if(true, call);
	walk_memory_blocks(start, size, NULL, online_block);
	unlock_if(locked, call);
	return 0;
}

static void keep(int nid, unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < RFC_KEPT; i++) {
		if (rfc_kept[i].used)
			continue;
		rfc_kept[i].pfn = pfn;
		rfc_kept[i].nid = nid;
		rfc_kept[i].used = true;
		return;
	}
}

/* 0, or an errno, and none of it is back. What is kept is nobody's concern. */
static int add_back(int nid, unsigned long pfn, unsigned long nr_pages,
		    struct rfc_call *call)
{
	unsigned long end = pfn + nr_pages;

	if (!FIXED(RETRY))
		return add_to_linux(nid, pfn, nr_pages, call);
	for (; pfn < end; pfn += pages_per_block()) {
		if (!add_to_linux(nid, pfn, pages_per_block(), call))
			continue;
		keep(nid, pfn);
		pr_err("Failed to add trace memory to node %d\n", nid);
	}
	return 0;
}

static void retry_kept(void)
{
	struct rfc_call call = {};
	bool locked = lock_if(FIXED(LOCK) || FIXED(LOCK_ALLOC), &call);
	unsigned int i;

	for (i = 0; i < RFC_KEPT; i++) {
		if (!rfc_kept[i].used)
			continue;
		if (!add_to_linux(rfc_kept[i].nid, rfc_kept[i].pfn,
				  pages_per_block(), &call))
			rfc_kept[i].used = false;
		else
			pr_err("Failed to add trace memory to node %d\n",
			       rfc_kept[i].nid);
	}
	unlock_if(locked, &call);
}

static bool keeps_any(void)
{
	unsigned int i;

	for (i = 0; i < RFC_KEPT; i++) {
		if (rfc_kept[i].used)
			return true;
	}
	return false;
}

static int free_node(const struct rfc_entry *entry)
{
	struct rfc_call call = {};
	bool locked = lock_if(FIXED(LOCK) || FIXED(LOCK_ALLOC), &call);
	int rc = add_back(entry->nid, PHYS_PFN(entry->start),
			  PHYS_PFN(entry->size), &call);

	unlock_if(locked, &call);
	return rc;
}

/* ---- Taking it ---------------------------------------------------------- */

static int offline_block(struct memory_block *mem, void *arg)
{
	int rc = device_offline(&mem->dev);

	return rc < 0 ? rc : 0;
}

static int take_block(struct rfc_call *call, unsigned long pfn)
{
	u64 start = PFN_PHYS(pfn);
	u64 size = memory_block_size_bytes();
	/* Who may offline, and what is reserved when, is decided under the
	 * lock. */
	bool locked = lock_if(FIXED(VETO) || FIXED(RESERVE), call);
	int rc;

	if (!call->locked)
		return offline_and_remove_memory(start, size);
	call->offlines = true;
	rc = walk_memory_blocks(start, size, NULL, offline_block);
	call->offlines = false;
	/* How it ended may have been kept from the notifier. */
	if (FIXED(BLOCK_FLAG))
		end_offlining(call, pfn, pfn + pages_per_block(), !rc);
	if (!rc) {
		__remove_memory(start, size);
		reserve(start, size);
	}
	unlock_if(locked, call);
	return rc;
}

static void free_pages_of(unsigned long start, unsigned long end)
{
	long nr_pages = end - start;
	unsigned long pfn;

	for (pfn = start; pfn < end; pfn++)
		__ClearPageOffline(pfn_to_page(pfn));
	unmanage(pfn_to_page(start), -nr_pages);
	free_contig_range(start, nr_pages);
}

static int is_online(struct memory_block *mem, void *arg)
{
	return mem->state == MEM_ONLINE;
}

/* Blocks below `failed` are removed, the others have never left. */
static void give_up(struct rfc_call *call, int nid, unsigned long failed)
{
	bool locked = lock_if(FIXED(LOCK_ERROR), call);
	unsigned long end = call->base + call->nr_pages;
	unsigned long step =
	    FIXED(SKIP_OFFLINE) ? pages_per_block() : end - failed;
	unsigned long pfn;

	unregister_memory_notifier(&call->nb);
	if (failed != call->base &&
	    add_back(nid, call->base, failed - call->base, call))
		pr_err("Failed to add trace memory to node %d\n", nid);
	for (pfn = failed; pfn < end; pfn += step) {
		if (FIXED(SKIP_OFFLINE) &&
		    !walk_memory_blocks(PFN_PHYS(pfn), PFN_PHYS(step), NULL,
					is_online))
			continue;
		free_pages_of(pfn, pfn + step);
	}
	unlock_if(locked, call);
}

static bool remove_range(struct rfc_call *call, int nid)
{
	bool locked = lock_if(FIXED(LOCK), call);
	unsigned long end = call->base + call->nr_pages;
	unsigned long pfn;

	/* Offlining passes over such pages once nobody has a reference. */
	for (pfn = call->base; pfn < end; pfn++)
		__SetPageOffline(pfn_to_page(pfn));
	unmanage(pfn_to_page(call->base), (long)call->nr_pages);
	register_memory_notifier(&call->nb);
	for (pfn = call->base; pfn < end; pfn += pages_per_block()) {
		if (!take_block(call, pfn))
			continue;
		give_up(call, nid, pfn);
		unlock_if(locked, call);
		return false;
	}
	unregister_memory_notifier(&call->nb);
	unlock_if(locked, call);
	return true;
}

static bool take_pages(struct rfc_call *call, int nid)
{
	struct page *page;
	unsigned long i;

	page = alloc_contig_pages(call->nr_pages,
				  GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN,
				  nid, NULL);
	if (!page)
		return false;
	call->base = page_to_pfn(page);
	for (i = 0; FIXED(CLEAR) && i < call->nr_pages; i++)
		clear_page(pfn_to_kaddr(call->base + i));
	return true;
}

/* The address of the memory of a node that is the module's now, or 0. */
static u64 alloc_node(int nid, u64 size)
{
	struct rfc_call call = {
	    .nb = {.notifier_call = memtrace_memory_notifier_cb},
	    .nr_pages = size >> PAGE_SHIFT,
	};
	u64 start = 0;
	bool locked;

	if (!node_spanned_pages(nid))
		return 0;
	locked = lock_if(FIXED(LOCK_ALLOC), &call);
	if (take_pages(&call, nid) && remove_range(&call, nid))
		start = PFN_PHYS(call.base);
	unlock_if(locked, &call);
	return start;
}

/* ---- The module around it ----------------------------------------------- */

static int take_all_nodes(u64 size)
{
	u32 nid;
	u64 start;

	rfc_array =
	    kcalloc(FIXED(ALL_NODES) ? MAX_NUMNODES : num_online_nodes(),
		    sizeof(*rfc_array), GFP_KERNEL);
	if (!rfc_array) {
		pr_err("Failed to allocate memtrace_array\n");
		return -EINVAL;
	}
	for_each_online_node(nid)
	{
		start = alloc_node(nid, size);
		if (!start) {
			pr_err("Failed to allocate trace memory on node %d\n",
			       nid);
			continue;
		}
		pr_info("Allocated trace memory on node %d at 0x%016llx\n", nid,
			start);
		rfc_array[rfc_array_nr].start = start;
		rfc_array[rfc_array_nr].size = size;
		rfc_array[rfc_array_nr].nid = nid;
		rfc_array_nr++;
	}
	return 0;
}

static ssize_t rfc_read(struct file *file, char __user *to, size_t count,
			loff_t *at)
{
	struct rfc_entry *entry = file->private_data;

	return simple_read_from_buffer(to, count, at, entry->mem, entry->size);
}

static const struct file_operations rfc_fops = {
    .llseek = default_llseek,
    .read = rfc_read,
    .open = simple_open,
};

static void make_files(struct rfc_entry *entry)
{
	snprintf(entry->name, sizeof(entry->name), "%08x", entry->nid);
	entry->dir = debugfs_create_dir(entry->name, rfc_dir);
	debugfs_create_file("trace", 0400, entry->dir, entry, &rfc_fops);
	debugfs_create_x64("start", 0400, entry->dir, &entry->start);
	debugfs_create_x64("size", 0400, entry->dir, &entry->size);
}

static int show_all(void)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < rfc_array_nr; i++) {
		struct rfc_entry *entry = &rfc_array[i];

		entry->mem = ioremap(entry->start, entry->size);
		if (!entry->mem) {
			pr_err("Failed to map trace memory at 0x%llx\n",
			       entry->start);
			rc = -1;
			continue;
		}
		make_files(entry);
	}
	return rc;
}

static int give_back(struct rfc_entry *entry)
{
	if (FIXED(FILES_FIRST)) {
		debugfs_remove_recursive(entry->dir);
		entry->dir = NULL;
	}
	if (entry->mem) {
		iounmap(entry->mem);
		entry->mem = NULL;
	}
	if (free_node(entry)) {
		pr_err("Failed to add trace memory to node %d\n", entry->nid);
		return 1;
	}
	if (!FIXED(FILES_FIRST))
		debugfs_remove_recursive(entry->dir);
	pr_info("Added trace memory back to node %d\n", entry->nid);
	entry->size = entry->start = entry->nid = NUMA_NO_NODE;
	return 0;
}

/* How many ranges could not be given back. */
static int give_back_all(void)
{
	unsigned int i;
	int failed = 0;

	for (i = rfc_array_nr; i-- > 0;) {
		if (rfc_array[i].nid != NUMA_NO_NODE)
			failed += give_back(&rfc_array[i]);
	}
	if (failed)
		return failed;
	kfree(rfc_array);
	rfc_array = NULL;
	rfc_size = 0;
	rfc_array_nr = 0;
	return 0;
}

static int set_size(u64 size)
{
	if (keeps_any())
		retry_kept();
	if (rfc_size && give_back_all())
		return -EAGAIN;
	if (keeps_any())
		return -EAGAIN;
	if (!size)
		return 0;
	if (take_all_nodes(size))
		return -EINVAL;
	/* If files fail the memory stays the module's all the same. */
	if (FIXED(SIZE_FIRST))
		rfc_size = size;
	if (show_all())
		return -EINVAL;
	rfc_size = size;
	return 0;
}

static int rfc_enable_set(void *data, u64 size)
{
	u64 smallest = memory_block_size_bytes();
	int rc;

	if (size && (!is_power_of_2(size) || size < smallest)) {
		pr_err("Value must be 0 or a power of 2 (at least 0x%llx)\n",
		       smallest);
		return -EINVAL;
	}
	if (FIXED(MUTEX))
		mutex_lock(&rfc_mutex);
	rc = set_size(size);
	if (FIXED(MUTEX))
		mutex_unlock(&rfc_mutex);
	return rc;
}

static int rfc_enable_get(void *data, u64 *size)
{
	*size = rfc_size;
	return 0;
}

DEFINE_SIMPLE_ATTRIBUTE(rfc_enable_fops, rfc_enable_get, rfc_enable_set,
			"0x%016llx\n");

static int rfc_init(void)
{
	rfc_dir = debugfs_create_dir("memtrace", arch_debugfs_dir);
	debugfs_create_file("enable", 0600, rfc_dir, NULL, &rfc_enable_fops);
	return 0;
}
module_init(rfc_init);
