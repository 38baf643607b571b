// SPDX-License-Identifier: GPL-2.0-or-later
/* A misdeed for each value that is written to its file
 * (regress/unit/hostile_test.cc). */
#include <linux/debugfs.h>
#include <linux/memory.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "hostile.h"

static u64 how;
static volatile int data[4];
static char *volatile object;
static struct work_struct work;
static struct hrtimer timer;
static struct mutex locks[40];

static noinline u64 recurse(u64 n)
{
	return n == 0 ? 0 : recurse(n + 1) + zero;
}

/* Without a basic block that could be counted. */
static noinline void hang(void)
{
	asm volatile(HANG);
}

static void work_func(struct work_struct *w)
{
	hang();
}

static enum hrtimer_restart timer_func(struct hrtimer *t)
{
	hang();
	return HRTIMER_NORESTART;
}

static int notify(struct notifier_block *nb, unsigned long action, void *arg)
{
	switch (how) {
	case 2:
		hang();
		break;
	case 3:
		recurse(1);
		break;
	case 4:
		raw(EXIT_GROUP, 0, 0, 0);
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block nb = {.notifier_call = notify};

/* What the kernel would have an oops of, or say something about. */
static void misdeed(u64 val)
{
	char *volatile text = (char *)recurse;
	int i;

	switch (val) {
	case 10:
		recurse(1);
		break;
	case 11:
		pr_info("%s\n", (char *)WILD);
		break;
	case 12:
		printk((char *)WILD);
		break;
	case 13:
		pr_info("%pa\n", (void *)WILD);
		break;
	case 14:
		asm volatile(ILLEGAL);
		break;
	case 15:
		asm volatile(TRAP);
		break;
	case 16:
		pr_info("%d\n", 1234 / zero);
		break;
	case 17:
		((void (*)(void))(unsigned long)zero)();
		break;
	case 18:
		((void (*)(void))data)();
		break;
	case 19:
		*text = 1;
		break;
	case 20:
		*(volatile char *)WILD = 1;
		break;
	case 21:
		STORE(WILD);
		break;
	case 22:
		mutex_lock((struct mutex *)WILD);
		break;
	case 23:
		debugfs_create_file((char *)WILD, 0, NULL, NULL, NULL);
		break;
	case 24:
		register_memory_notifier((struct notifier_block *)WILD);
		break;
	case 25:
		object = kmalloc(16, GFP_KERNEL);
		memset(object, 'x', 16);
		pr_info("%s\n", object);
		kfree(object);
		break;
	case 26:
		pr_info("%n %f %q\n", &zero);
		break;
	case 27:
		for (i = 0; i < 40; ++i) {
			mutex_init(&locks[i]);
			mutex_lock(&locks[i]);
		}
		break;
	case 28:
		for (i = 0; i < 400; ++i)
			debugfs_create_file("x", 0, NULL, NULL, NULL);
		break;
	case 29:
		object = kmalloc(1ul << 60, GFP_KERNEL);
		break;
	case 30:
		for (;;)
			pr_info("again\n");
	case 31:
		schedule_work((struct work_struct *)WILD);
		break;
	}
}

/* And what the file's process ends with. */
static int set(void *unused, u64 val)
{
	static const char forged[] = "mine.scn: verdict=ok\n";

	how = val;
	switch (val) {
	case 1:
		hang();
		break;
	case 2:
	case 3:
	case 4:
		register_memory_notifier(&nb);
		break;
	case 5:
		INIT_WORK(&work, work_func);
		schedule_work(&work);
		break;
	case 6:
		hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
		timer.function = timer_func;
		hrtimer_start(&timer, ms_to_ktime(1), HRTIMER_MODE_REL);
		break;
	case 40:
		raw(EXIT_GROUP, 0, 0, 0);
		break;
	case 41:
		raw(WRITE, 1, (long)forged, sizeof(forged) - 1);
		break;
	case 42:
		raw(FORK, 0, 0, 0);
		break;
	case 43:
		raw(CREAT, (long)"mine", 0600, 0);
		break;
	case 44:
		raw(KILL, 1, 0, 0);
		break;
	case 45:
		raw(MPROTECT, (long)data & -4096, 4096, 7);
		break;
	case 46:
		asm volatile(JUMP : : : "memory");
		break;
	case 47:
		asm volatile(STACK : : : "memory");
		break;
	case 48: {
		volatile char large[(zero + 1) << 20];

		large[0] = 1;
		pr_info("%d\n", large[0]);
		break;
	}
	default:
		misdeed(val);
	}
	return 0;
}
DEFINE_SIMPLE_ATTRIBUTE(fops, NULL, set, "%llu\n");

static int hostile_init(void)
{
	debugfs_create_file("file", 0600, NULL, NULL, &fops);
	return 0;
}
module_init(hostile_init);
