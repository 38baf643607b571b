// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver core, as far as memory blocks go: devices of one bus, their attributes, going online
 * and offline, and device_hotplug_lock.
 */
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/memory.h>
#include <linux/mutex.h>
#include <linux/node.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "glue.h"

static struct device* devices[WORLD_BLOCKS];
static unsigned int nr_leaked; /* unregistered, and not released */
static const struct attribute_group* const* root_groups;

int subsys_system_register(WORLD_BUS* bus, const struct attribute_group** groups) {
  root_groups = groups;
  return 0;
}

/* ---- Devices ----------------------------------------------------------------------------- */

struct device* world_find_device(unsigned long id) {
  unsigned int i;

  for (i = 0; i < WORLD_BLOCKS; ++i) {
    if (devices[i] != NULL && devices[i]->id == id) return devices[i];
  }
  return NULL;
}

int device_register(struct device* dev) {
  unsigned int i;

  kref_init(&dev->kobj.kref);
  mutex_init(&dev->mutex);
  for (i = 0; i < WORLD_BLOCKS; ++i) {
    if (devices[i] != NULL) continue;
    devices[i] = dev;
    world_block_added(dev->id);
    world_host.uevent(dev->id, "add");
    return 0;
  }
  return -ENOMEM;
}

struct device* get_device(struct device* dev) {
  if (dev != NULL) kref_get(&dev->kobj.kref);
  return dev;
}

static void release(struct kref* kref) {
  struct device* dev = container_of(kref, struct device, kobj.kref);
  const struct memory_block* mem = container_of(dev, struct memory_block, dev);

  dev->release(dev);
  if (world_is_freed(mem)) --nr_leaked;
}

void put_device(struct device* dev) {
  if (dev != NULL) kref_put(&dev->kobj.kref, release);
}

void device_unregister(struct device* dev) {
  unsigned int i;

  for (i = 0; i < WORLD_BLOCKS; ++i) {
    if (devices[i] == dev) devices[i] = NULL;
  }
  world_block_removed(dev->id);
  world_host.uevent(dev->id, "remove");
  ++nr_leaked;
  put_device(dev);
}

unsigned int world_see_leaked_devices(void) { return nr_leaked; }

int bus_for_each_dev(WORLD_BUS* bus, struct device* start, void* data,
                     int (*function)(struct device*, void*)) {
  unsigned int i;
  int rc = 0;

  for (i = 0; i < WORLD_BLOCKS && rc == 0; ++i) {
    if (devices[i] != NULL) rc = function(devices[i], data);
  }
  return rc;
}

/* ---- Online and offline ------------------------------------------------------------------ */

static DEFINE_MUTEX(device_hotplug_lock);

void lock_device_hotplug(void) { mutex_lock(&device_hotplug_lock); }
void unlock_device_hotplug(void) { mutex_unlock(&device_hotplug_lock); }

/* A write that does not get the lock sleeps, and is restarted. */
int lock_device_hotplug_sysfs(void) {
  if (mutex_trylock(&device_hotplug_lock)) return 0;
  world_host.poll(&device_hotplug_lock);
  return -ERESTARTNOINTR;
}

int device_online(struct device* dev) {
  int rc = 1;

  device_lock(dev);
  if (dev->offline) {
    rc = dev->bus->online(dev);
    if (rc == 0) {
      world_host.uevent(dev->id, "online");
      dev->offline = false;
    }
  }
  device_unlock(dev);
  return rc;
}

int device_offline(struct device* dev) {
  int rc = 1;

  device_lock(dev);
  if (!dev->offline) {
    rc = dev->bus->offline(dev);
    if (rc == 0) {
      world_host.uevent(dev->id, "offline");
      dev->offline = true;
    }
  }
  device_unlock(dev);
  return rc;
}

/* ---- Files of sysfs ---------------------------------------------------------------------- */

static struct device_attribute* find_attribute(const struct attribute_group* const* groups,
                                               const char* name) {
  for (; groups != NULL && *groups != NULL; ++groups) {
    struct attribute** a;

    for (a = (*groups)->attrs; *a != NULL; ++a) {
      if (strcmp((*a)->name, name) == 0) return container_of(*a, struct device_attribute, attr);
    }
  }
  return NULL;
}

/* One attempt at a write of the device's file, which the file of its bus is read and written as. */
static long store(struct device* dev, struct device_attribute* attribute, const char* word) {
  const ssize_t n = attribute->store(dev, attribute, word, strlen(word));

  return n > 0 ? 0 : n;
}

/* The host has let handlers of signals run while the write slept. */
static bool may_restart(long rc) { return rc == -ERESTARTNOINTR && !fatal_signal_pending(current); }

static long result(long rc) { return rc == -ERESTARTNOINTR ? -EINTR : rc; }

static ssize_t online_store(struct device* dev, struct device_attribute* attribute,
                            const char* word, size_t length) {
  int rc = lock_device_hotplug_sysfs();

  if (rc != 0) return rc;
  rc = word[0] == '1' ? device_online(dev) : device_offline(dev);
  unlock_device_hotplug();
  return rc < 0 ? rc : length;
}

/* The core's own file, which every device of a bus that can go offline has. */
static struct device_attribute online_attribute = {.attr = {.name = "online"},
                                                   .store = online_store};

/* A file keeps its device for as long as it is being written to. */
long world_write_attribute(struct device* dev, const char* name, const char* word) {
  const unsigned long id = dev->id;
  struct device_attribute* attribute = find_attribute(dev->groups, name);
  long rc;

  if (attribute == NULL && strcmp(name, "online") == 0) attribute = &online_attribute;
  if (attribute == NULL) return -ENOENT;
  do {
    if (world_find_device(id) != dev) return -ENODEV;
    get_device(dev);
    rc = store(dev, attribute, word);
    put_device(dev);
  } while (may_restart(rc));
  return result(rc);
}

long world_write_root_attribute(const char* name, const char* word) {
  struct device_attribute* attribute = find_attribute(root_groups, name);
  long rc;

  if (attribute == NULL) return -ENOENT;
  do {
    rc = store(NULL, attribute, word);
  } while (may_restart(rc));
  return result(rc);
}

/* ---- Nodes ------------------------------------------------------------------------------- */

int __register_one_node(int nid) { return 0; }
void unregister_one_node(int nid) {}
void unregister_memory_block_under_nodes(struct memory_block* mem) {}

static int add_nid(struct memory_block* mem, void* nid) {
  memory_block_add_nid(mem, *(int*)nid, MEMINIT_HOTPLUG);
  return 0;
}

void register_memory_blocks_under_node(int nid, unsigned long start, unsigned long end,
                                       enum meminit_context context) {
  walk_memory_blocks(PFN_PHYS(start), PFN_PHYS(end - start), &nid, add_nid);
}
