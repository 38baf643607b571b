// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver as somebody might send it: it reserves one contiguous range of
 * memory for a device, and its memory notifier keeps the blocks of that range
 * online. The size is written to sample/size; 0 gives the memory back.
 *
 * SAMPLE_BUG plants a defect: whoever refuses MEM_GOING_OFFLINE is told
 * MEM_CANCEL_OFFLINE all the same, and then takes references back that it has
 * never dropped.
 */
#define pr_fmt(fmt) "sample: " fmt

#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

static DEFINE_MUTEX(sample_mutex);   /* orders writers */
static DEFINE_SPINLOCK(sample_lock); /* protects the range */
static unsigned long sample_start_pfn;
static unsigned long sample_nr_pages;

static void sample_set_range(unsigned long start_pfn, unsigned long nr_pages)
{
	spin_lock(&sample_lock);
	sample_start_pfn = start_pfn;
	sample_nr_pages = nr_pages;
	spin_unlock(&sample_lock);
}

/* The part of the range that an event is about, empty if start >= end. */
static void sample_overlap(const struct memory_notify *arg,
			   unsigned long *start, unsigned long *end)
{
	spin_lock(&sample_lock);
	*start = max(sample_start_pfn, arg->start_pfn);
	*end = min(sample_start_pfn + sample_nr_pages,
		   arg->start_pfn + arg->nr_pages);
	spin_unlock(&sample_lock);
}

static int sample_memory_notify(struct notifier_block *nb, unsigned long action,
				void *data)
{
	unsigned long pfn, end;

	sample_overlap(data, &pfn, &end);
	if (pfn >= end)
		return NOTIFY_OK;

	switch (action) {
	case MEM_GOING_OFFLINE:
		return notifier_from_errno(-EBUSY);
#ifdef SAMPLE_BUG
	case MEM_CANCEL_OFFLINE:
		for (; pfn < end; pfn++)
			page_ref_inc(pfn_to_page(pfn));
		break;
#endif
	default:
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block sample_nb = {
    .notifier_call = sample_memory_notify,
};

static void sample_release(void)
{
	const unsigned long start_pfn = sample_start_pfn;
	const unsigned long nr_pages = sample_nr_pages;
	unsigned long pfn;

	if (!nr_pages)
		return;
	sample_set_range(0, 0);
	for (pfn = start_pfn; pfn < start_pfn + nr_pages; pfn++)
		__ClearPageOffline(pfn_to_page(pfn));
	free_contig_range(start_pfn, nr_pages);
	pr_info("gave back %lu pages\n", nr_pages);
}

static int sample_reserve(unsigned long nr_pages)
{
	unsigned long pfn, start_pfn;
	struct page *page = NULL;
	int nid;

	for_each_online_node(nid)
	{
		page = alloc_contig_pages(nr_pages, GFP_KERNEL | __GFP_NOWARN,
					  nid, NULL);
		if (page)
			break;
	}
	if (!page) {
		pr_err("no %lu pages\n", nr_pages);
		return -ENOMEM;
	}

	start_pfn = page_to_pfn(page);
	for (pfn = start_pfn; pfn < start_pfn + nr_pages; pfn++)
		__SetPageOffline(pfn_to_page(pfn));
	sample_set_range(start_pfn, nr_pages);
	pr_info("took %lu pages at pfn 0x%lx\n", nr_pages, start_pfn);
	return 0;
}

static int sample_size_set(void *data, u64 val)
{
	int rc = 0;

	if (!IS_ALIGNED(val, memory_block_size_bytes()))
		return -EINVAL;

	mutex_lock(&sample_mutex);
	sample_release();
	if (val)
		rc = sample_reserve(PHYS_PFN(val));
	mutex_unlock(&sample_mutex);
	return rc;
}

static int sample_size_get(void *data, u64 *val)
{
	*val = PFN_PHYS(sample_nr_pages);
	return 0;
}

DEFINE_SIMPLE_ATTRIBUTE(sample_size_fops, sample_size_get, sample_size_set,
			"0x%016llx\n");

static int __init sample_init(void)
{
	struct dentry *dir = debugfs_create_dir("sample", NULL);

	debugfs_create_file("size", 0600, dir, NULL, &sample_size_fops);
	return register_memory_notifier(&sample_nb);
}
module_init(sample_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Reserves contiguous memory");
