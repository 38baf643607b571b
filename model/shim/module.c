// SPDX-License-Identifier: GPL-2.0-or-later
//
// Linked into each driver: what it exports, what compilers call behind its back, and the calls
// that take a variable number of arguments. All but the export is hidden, so that no library that
// happens to be loaded (a sanitizer's runtime, libc) takes the place of anything here.
#include <hotplug/abi.h>

#pragma GCC visibility push(hidden)

struct hotplug_kernel hotplug_kernel[1];

// Where the caller is.
#define PC ((uintptr_t)__builtin_return_address(0))

// The linker's names for the ends of the sections; absent where nothing is in one.
extern int (*__start_hotplug_initcalls[])(void) __attribute__((weak));
extern int (*__stop_hotplug_initcalls[])(void) __attribute__((weak));
extern const struct virtio_driver* const __start_hotplug_virtio[] __attribute__((weak));
extern const struct virtio_driver* const __stop_hotplug_virtio[] __attribute__((weak));
extern const struct hotplug_site __start_hotplug_sites[] __attribute__((weak));
extern const struct hotplug_site __stop_hotplug_sites[] __attribute__((weak));
extern const struct hotplug_param __start_hotplug_params[] __attribute__((weak));
extern const struct hotplug_param __stop_hotplug_params[] __attribute__((weak));

void hotplug_printk(const struct hotplug_site* at, const char* format, ...) {
  va_list args;
  va_start(args, format);
  hotplug_kernel->log(at, format, args);
  va_end(args);
}

int snprintf(char* to, size_t size, const char* format, ...) {
  va_list args;
  va_start(args, format);
  const int n = hotplug_kernel->format(to, size, format, args, PC);
  va_end(args);
  return n;
}

// ---- Strings: as the compiler itself may call them -------------------------------------------

static void Access(const void* start, size_t size, int write, uintptr_t pc) {
  if (size != 0) hotplug_kernel->access((uintptr_t)start, size, write, pc);
}

void* memset(void* to, int c, size_t n) {
  Access(to, n, 1, PC);
  for (size_t i = 0; i < n; ++i) ((char*)to)[i] = (char)c;
  return to;
}

void* memmove(void* to, const void* from, size_t n) {
  Access(from, n, 0, PC);
  Access(to, n, 1, PC);
  char* t = to;
  const char* f = from;
  if (t <= f) {
    for (size_t i = 0; i < n; ++i) t[i] = f[i];
  } else {
    for (size_t i = n; i-- > 0;) t[i] = f[i];
  }
  return to;
}

void* memcpy(void* to, const void* from, size_t n) {
  Access(from, n, 0, PC);
  Access(to, n, 1, PC);
  for (size_t i = 0; i < n; ++i) ((char*)to)[i] = ((const char*)from)[i];
  return to;
}

int memcmp(const void* a, const void* b, size_t n) {
  Access(a, n, 0, PC);
  Access(b, n, 0, PC);
  for (size_t i = 0; i < n; ++i) {
    const int d = ((const unsigned char*)a)[i] - ((const unsigned char*)b)[i];
    if (d != 0) return d;
  }
  return 0;
}

size_t strlen(const char* s) {
  size_t n = 0;
  while (s[n] != '\0') ++n;
  Access(s, n + 1, 0, PC);
  return n;
}

int strcmp(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return (unsigned char)*a - (unsigned char)*b;
}

// ---- What -fsanitize=thread and -fsanitize-coverage=trace-pc call ------------------------------

#define ACCESS(name, size, write) \
  void __tsan_##name##size(uintptr_t a) { hotplug_kernel->access(a, size, write, PC); }
#define ACCESSES(size)             \
  ACCESS(read, size, 0)            \
  ACCESS(write, size, 1)           \
  ACCESS(unaligned_read, size, 0)  \
  ACCESS(unaligned_write, size, 1) \
  ACCESS(volatile_read, size, 0)   \
  ACCESS(volatile_write, size, 1)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

void __tsan_read_range(uintptr_t a, size_t size) { hotplug_kernel->access(a, size, 0, PC); }
void __tsan_write_range(uintptr_t a, size_t size) { hotplug_kernel->access(a, size, 1, PC); }
void* __tsan_memset(void* to, int c, size_t n) { return memset(to, c, n); }
void* __tsan_memcpy(void* to, const void* from, size_t n) { return memcpy(to, from, n); }
void* __tsan_memmove(void* to, const void* from, size_t n) { return memmove(to, from, n); }
// One task runs at a time.
void __tsan_atomic_thread_fence(int order) { (void)order; }
void __tsan_init(void) {}

// The constructor that calls the one above has a basic block, too, and there is no table yet.
void __sanitizer_cov_trace_pc(void) {
  if (hotplug_kernel->block != NULL) hotplug_kernel->block(PC);
}

#pragma GCC visibility pop

// The kernel's table is filled in when the module is loaded; the rest is what the linker knows.
__attribute__((visibility("default"))) void hotplug_module(struct hotplug_module* m) {
  m->kernel = hotplug_kernel;
  m->initcalls = __start_hotplug_initcalls;
  m->nr_initcalls = (size_t)(__stop_hotplug_initcalls - __start_hotplug_initcalls);
  m->nr_virtio_drivers = (size_t)(__stop_hotplug_virtio - __start_hotplug_virtio);
  m->sites = __start_hotplug_sites;
  m->nr_sites = (size_t)(__stop_hotplug_sites - __start_hotplug_sites);
  m->params = __start_hotplug_params;
  m->nr_params = (size_t)(__stop_hotplug_params - __start_hotplug_params);
  m->values = HOTPLUG_PARAMS;
}
