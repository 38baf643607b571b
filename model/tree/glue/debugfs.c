// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree of names of debugfs, and what user space does with its files: those that scenarios know
 * as memtrace/enable and memtrace/NODE/trace. What a file does is the kernel's own
 * (fs/debugfs/file.c, fs/libfs.c).
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "../fs/debugfs/internal.h" /* below the tree: a folder of headers is its mm */
#include "glue.h"

/* ---- Names ------------------------------------------------------------------------------- */

/* It stays for as long as somebody has it open, removed or not. */
struct debugfs_node {
  struct dentry dentry;
  struct inode inode;
  struct debugfs_node* next;
  unsigned int opened;
  char name[];
};

static struct debugfs_node* nodes; /* the last one that was made comes first */

struct dentry* arch_debugfs_dir;
bool debugfs_initialized(void) { return true; }

static struct debugfs_node* node_of(const struct dentry* d) {
  struct debugfs_node* n = nodes;

  while (n != NULL && &n->dentry != d) n = n->next;
  return n;
}

/* A directory of the root, or one that is there; else it is said. */
static bool is_there(const struct dentry* d, const char* what) {
  if (node_of(d) != NULL) return true;
  world_host.heap(what, d);
  return false;
}

static struct dentry* create(const char* name, umode_t mode, struct dentry* parent, void* data,
                             const struct file_operations* fops) {
  struct debugfs_node* n;

  if (IS_ERR(parent)) return parent;
  if (parent != NULL && !is_there(parent, "use after free of a dentry")) return ERR_PTR(-ENOENT);
  n = world_object(sizeof(*n) + strlen(name) + 1, __GFP_ZERO);
  strcpy(n->name, name);
  n->dentry.d_name.name = n->name;
  n->dentry.d_parent = parent;
  n->dentry.d_inode = &n->inode;
  n->dentry.d_hash.pprev = &n->dentry.d_hash.next; /* found by its name */
  n->inode.i_mode = mode;
  n->inode.i_private = data;
  n->inode.i_fop = fops;
  n->next = nodes;
  nodes = n;
  return &n->dentry;
}

struct dentry* debugfs_create_dir(const char* name, struct dentry* parent) {
  const int rc = IS_ERR(parent) ? 0 : world_host.fault("debugfs_create_dir");

  return rc != 0 ? ERR_PTR(rc) : create(name, S_IFDIR | 0755, parent, NULL, NULL);
}

static struct dentry* create_file(const char* name, umode_t mode, struct dentry* parent, void* data,
                                  const struct file_operations* proxy,
                                  const struct file_operations* real) {
  struct dentry* d = create(name, (mode & S_IALLUGO) | S_IFREG, parent, data,
                            real != NULL ? proxy : &debugfs_noop_file_operations);

  if (IS_ERR(d)) return d;
  d->d_flags = DCACHE_REGULAR_TYPE;
  d->d_fsdata = (void*)((unsigned long)real | DEBUGFS_FSDATA_IS_REAL_FOPS_BIT);
  return d;
}

struct dentry* debugfs_create_file(const char* name, umode_t mode, struct dentry* parent,
                                   void* data, const struct file_operations* fops) {
  return create_file(name, mode, parent, data, &debugfs_full_proxy_file_operations, fops);
}

struct dentry* debugfs_create_file_unsafe(const char* name, umode_t mode, struct dentry* parent,
                                          void* data, const struct file_operations* fops) {
  return create_file(name, mode, parent, data, &debugfs_open_proxy_file_operations, fops);
}

static struct debugfs_node* find_below(const struct dentry* parent, const char* name) {
  struct debugfs_node* n = nodes;

  while (n != NULL && (n->dentry.d_parent != parent || strcmp(n->name, name) != 0)) n = n->next;
  return n;
}

struct dentry* debugfs_lookup(const char* name, struct dentry* parent) {
  struct debugfs_node* n = IS_ERR(parent) ? NULL : find_below(parent, name);

  return n != NULL ? &n->dentry : NULL;
}

/* ---- Removal ----------------------------------------------------------------------------- */

/* Whoever had it open has it no more. What has been removed goes with the last of them. */
static void put_node(struct debugfs_node* n) {
  if (--n->opened != 0 || n->dentry.d_hash.pprev != NULL) return;
  if (((unsigned long)n->dentry.d_fsdata & DEBUGFS_FSDATA_IS_REAL_FOPS_BIT) == 0) {
    kfree(n->dentry.d_fsdata);
  }
  kfree(n);
}

static void unlink(struct debugfs_node* n) {
  struct debugfs_node** at = &nodes;

  while (*at != n) at = &(*at)->next;
  *at = n->next;
  n->dentry.d_hash.pprev = NULL;
}

/* Who is inside of the file's functions is waited for. */
static void drain(struct dentry* d) {
  struct debugfs_fsdata* fsd = d->d_fsdata;

  if (((unsigned long)fsd & DEBUGFS_FSDATA_IS_REAL_FOPS_BIT) != 0) return;
  if (!refcount_dec_and_test(&fsd->active_users)) wait_for_completion(&fsd->active_users_drained);
}

static void remove(struct debugfs_node* n) {
  struct debugfs_node* below;

  unlink(n);
  for (below = nodes; below != NULL;) {
    struct debugfs_node* victim = below->dentry.d_parent == &n->dentry ? below : NULL;

    below = below->next;
    if (victim == NULL) continue;
    remove(victim);
    below = nodes; /* others may have changed it */
  }
  ++n->opened;
  if (S_ISREG(n->inode.i_mode)) drain(&n->dentry);
  put_node(n);
}

void debugfs_remove(struct dentry* d) {
  if (IS_ERR_OR_NULL(d)) return;
  if (is_there(d, "use after free of a dentry")) remove(node_of(d));
}

void debugfs_lookup_and_remove(const char* name, struct dentry* parent) {
  debugfs_remove(debugfs_lookup(name, parent));
}

/* ---- What is open ------------------------------------------------------------------------ */

/* A file of each task, which stays open while it is mapped. */
static struct open_file {
  struct file file;
  struct debugfs_node* node; /* NULL: none */
  bool mapped;
} files[WORLD_TASKS];

static long open_node(struct debugfs_node* n) {
  struct open_file* f = &files[world_task];
  long rc = 0;

  memset(f, 0, sizeof(*f));
  f->file.f_path.dentry = &n->dentry;
  f->file.f_inode = &n->inode;
  f->file.f_op = n->inode.i_fop;
  f->file.f_mode = FMODE_READ | FMODE_WRITE;
  ++n->opened;
  if (f->file.f_op->open != NULL) rc = f->file.f_op->open(&n->inode, &f->file);
  if (rc == 0) {
    f->node = n;
  } else {
    put_node(n);
  }
  return rc;
}

static void close_file(struct open_file* f) {
  struct debugfs_node* n = f->node;

  if (n == NULL) return;
  if (f->file.f_op->release != NULL) f->file.f_op->release(&n->inode, &f->file);
  put_node(n);
  f->node = NULL;
}

int nonseekable_open(struct inode* inode, struct file* file) { return 0; }

/* ---- memtrace/enable: the file of that name, or the first that can be written ------------ */

static struct debugfs_node* find_trace(int nid) {
  char name[16];
  struct debugfs_node* dir = find_below(arch_debugfs_dir, "memtrace");

  snprintf(name, sizeof(name), "%08x", nid);
  if (dir != NULL) dir = find_below(&dir->dentry, name);
  return dir == NULL ? NULL : find_below(&dir->dentry, "trace");
}

static struct debugfs_node* find_enable(void) {
  struct debugfs_node* dir = find_below(arch_debugfs_dir, "memtrace");
  struct debugfs_node* found = dir == NULL ? NULL : find_below(&dir->dentry, "enable");
  struct debugfs_node* n;

  for (n = found == NULL ? nodes : NULL; n != NULL; n = n->next) {
    if (S_ISREG(n->inode.i_mode) && (n->inode.i_mode & 0222) != 0) found = n;
  }
  return found;
}

/* A call of the driver is over: its stack ends here, and with it what lies on it. */
static long returned(long rc) {
  world_check_driver_stack();
  return rc;
}

long world_write_enable(u64 value) {
  struct file* file = &files[world_task].file;
  struct debugfs_node* n = find_enable();
  char line[24];
  loff_t at = 0;
  long rc = n == NULL ? -ENOENT : open_node(n);

  if (rc != 0) return returned(rc);
  snprintf(line, sizeof(line), "0x%llx\n", value);
  rc = -EINVAL;
  if (file->f_op->write != NULL) rc = file->f_op->write(file, line, strlen(line), &at);
  close_file(&files[world_task]);
  return returned(rc < 0 ? rc : 0);
}

long world_read_enable(u64* value) {
  struct file* file = &files[world_task].file;
  struct debugfs_node* n = find_enable();
  char line[24];
  loff_t at = 0;
  long rc = n == NULL ? -ENOENT : open_node(n);

  if (rc != 0) return rc;
  rc = -EINVAL;
  if (file->f_op->read != NULL) rc = file->f_op->read(file, line, sizeof(line) - 1, &at);
  close_file(&files[world_task]);
  if (rc < 0) return returned(rc);
  line[rc] = '\0';
  return returned(kstrtoull(strim(line), 0, value));
}

/* ---- memtrace/NODE/trace ----------------------------------------------------------------- */

long world_open_trace(int nid) {
  struct debugfs_node* n = find_trace(nid);

  return n == NULL ? -ENOENT : returned(open_node(n));
}

long world_read_trace(u64 offset, u64 length) {
  struct file* file = &files[world_task].file;
  loff_t at = offset;
  long rc;

  if (file->f_op->read == NULL) return -EINVAL;
  rc = file->f_op->read(file, (char __user*)WORLD_USER, length, &at);
  return returned(rc < 0 ? rc : 0);
}

long world_mmap_trace(u64 offset, u64 length) {
  struct open_file* f = &files[world_task];
  struct vm_area_struct vma = {.vm_start = WORLD_USER,
                               .vm_end = WORLD_USER + length,
                               .vm_pgoff = offset >> PAGE_SHIFT,
                               .vm_file = &f->file};
  long rc;

  if (f->file.f_op->mmap == NULL) return -ENODEV;
  rc = f->file.f_op->mmap(&f->file, &vma);
  f->mapped = rc == 0;
  return returned(rc);
}

long world_close_trace(void) {
  struct open_file* f = &files[world_task];

  if (!f->mapped) close_file(f);
  return returned(0);
}

/* The task ends: what it has mapped is no longer. */
long world_exit_mmap(void) {
  close_file(&files[world_task]);
  return returned(0);
}
