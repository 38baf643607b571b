// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel says: printk, WARN, BUG, the dump of a page, and the text of sysfs files. */
#include <linux/kern_levels.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sysfs.h>
#include <linux/trace_events.h>
#include <trace/events/mmflags.h>

#include "compat.h"
#include "glue.h"

#define LINE 256

/* What has been said of a line that is not over. */
static char line[LINE];
static unsigned int length;

static void end_line(void) {
  line[length] = '\0';
  world_host.text(line);
  memset(line, 0, length);
  length = 0;
}

void world_end_line(void) {
  if (length != 0) end_line();
}

static void say(const char* text) {
  for (; *text != '\0'; ++text) {
    if (*text == '\n' || length == LINE - 1) end_line();
    if (*text != '\n') line[length++] = *text;
  }
}

/* The boot says nothing. What does not go on with a line begins one. */
static void say_formatted(const char* format, va_list args) {
  char text[LINE];

  if (system_state != SYSTEM_RUNNING) return;
  if (printk_get_level(format) != KERN_CONT[1]) world_end_line();
  vsnprintf(text, sizeof(text), printk_skip_headers(format), args);
  say(text);
}

int _printk(const char* format, ...) {
  va_list args;

  va_start(args, format);
  say_formatted(format, args);
  va_end(args);
  return 0;
}

void _dev_err(const struct device* dev, const char* format, ...) {
  va_list args;

  va_start(args, format);
  say_formatted(format, args);
  va_end(args);
}

void warn_slowpath_fmt(const char* file, const int at, unsigned int taint, const char* format,
                       ...) {
  va_list args;

  world_host.warn(file, at);
  if (format == NULL) return;
  va_start(args, format);
  say_formatted(format, args);
  va_end(args);
}

void panic(const char* format, ...) {
  const void* pc = __builtin_return_address(0);
  va_list args;

  va_start(args, format);
  vsnprintf(line, sizeof(line), format, args);
  va_end(args);
  world_host.bug(line, pc);
  unreachable();
}

void refcount_warn_saturate(refcount_t* count, enum refcount_saturation_type kind) {
  world_host.warn("lib/refcount.c", kind);
}

/* bad_page() ends in it; it has said what it had to. */
void add_taint(unsigned int flag, enum lockdep_ok lockdep_ok) {}
void dump_stack(void) {}

/* So much of it as does not depend on where things lie. */
void dump_page(WORLD_DUMPED struct page* page, const char* reason) {
  const bool poisoned = page->flags == -1UL;

  _printk("page: refcount:%d mapcount:%d pfn:%#lx\n", atomic_read(&page->_refcount),
          poisoned ? 0 : atomic_read(&page->_mapcount) + 1, page_to_pfn(page));
  if (reason != NULL) _printk("page dumped because: %s\n", reason);
}

/* For %pG of printk. */
const struct trace_print_flags pageflag_names[] = {__def_pageflag_names, {}};
const struct trace_print_flags gfpflag_names[] = {__def_gfpflag_names, {}};
const struct trace_print_flags vmaflag_names[] = {__def_vmaflag_names, {}};

/* No clock: whoever wants to say something may. */
int ___ratelimit(struct ratelimit_state* state, const char* function) { return 1; }

/* 6.1 and 6.12, each the one of them that it has. */
void __printk_safe_enter(void) {}
void __printk_safe_exit(void) {}
void __printk_deferred_enter(void) {}
void __printk_deferred_exit(void) {}
void __show_mem(unsigned int filter, nodemask_t* nodes, int max_zone) {}

int sysfs_emit(char* buffer, const char* format, ...) {
  va_list args;
  int n;

  va_start(args, format);
  n = vscnprintf(buffer, PAGE_SIZE, format, args);
  va_end(args);
  return n;
}

int sysfs_emit_at(char* buffer, int at, const char* format, ...) {
  va_list args;
  int n;

  va_start(args, format);
  n = vscnprintf(buffer + at, PAGE_SIZE - at, format, args);
  va_end(args);
  return n;
}
