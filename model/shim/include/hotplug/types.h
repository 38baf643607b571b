// SPDX-License-Identifier: GPL-2.0-or-later
//
// Types, constants and small macros that every kernel file takes for granted.
#ifndef HOTPLUG_TYPES_H_
#define HOTPLUG_TYPES_H_

#include <hotplug/abi.h>
#include <stdbool.h>

extern struct hotplug_kernel hotplug_kernel[1];

// Where a call is in the driver's source.
#define HOTPLUG_AT(called)                                                                        \
  ({                                                                                              \
    static const struct hotplug_site hotplug_at_                                                  \
        __attribute__((section("hotplug_sites"), used)) = {__FILE__, __func__, called, __LINE__}; \
    &hotplug_at_;                                                                                 \
  })

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef long long s64;
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s8 __s8;
typedef s16 __s16;
typedef s32 __s32;
typedef s64 __s64;
typedef long ssize_t;
typedef long long loff_t;
typedef long off_t;
typedef unsigned int gfp_t;
typedef unsigned int fmode_t;
typedef unsigned short umode_t;
typedef u64 phys_addr_t;
typedef u64 resource_size_t;
typedef unsigned long pgoff_t;

#define __user
#define __iomem
#define __init
#define __exit
#define __initdata
#define __read_mostly
#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#define __must_check
#define __force
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __printf(a, b) __attribute__((format(printf, a, b)))
#define __always_inline inline __attribute__((always_inline))
#define noinline __attribute__((noinline))
#define fallthrough __attribute__((fallthrough))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier() __asm__ __volatile__("" ::: "memory")
#define smp_mb() __sync_synchronize()
#define smp_rmb() smp_mb()
#define smp_wmb() smp_mb()
#define READ_ONCE(x) (*(const volatile __typeof__(x)*)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x)*)&(x) = (v))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type*)((char*)(p) - offsetof(type, member)))
#define BUILD_BUG_ON(c) _Static_assert(!(c), #c)
#define static_assert _Static_assert

#define min_t(type, a, b)              \
  ({                                   \
    type min_a_ = (a);                 \
    type min_b_ = (b);                 \
    min_a_ < min_b_ ? min_a_ : min_b_; \
  })
#define max_t(type, a, b)              \
  ({                                   \
    type max_a_ = (a);                 \
    type max_b_ = (b);                 \
    max_a_ > max_b_ ? max_a_ : max_b_; \
  })
#define min(a, b) min_t(__typeof__((a) + (b)), a, b)
#define max(a, b) max_t(__typeof__((a) + (b)), a, b)
#define clamp(v, low, high) min(max(v, low), high)
#define swap(a, b)             \
  do {                         \
    __typeof__(a) swap_ = (a); \
    (a) = (b);                 \
    (b) = swap_;               \
  } while (0)

#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define ALIGN(x, a) (((x) + (__typeof__(x))(a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define round_up(x, a) ALIGN(x, a)
#define round_down(x, a) ALIGN_DOWN(x, a)
#define is_power_of_2(n) ((n) != 0 && ((n) & ((n) - 1)) == 0)
#define ilog2(n) (63 - __builtin_clzll(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)(n))
#define U64_MAX (~0ULL)
#define U32_MAX (~0U)
#define INT_MAX ((int)(~0U >> 1))
#define UINT_MAX (~0U)
#define LONG_MAX ((long)(~0UL >> 1))
#define ULONG_MAX (~0UL)
#define ULLONG_MAX (~0ULL)

#define SZ_1K 0x400
#define SZ_4K 0x1000
#define SZ_64K 0x10000
#define SZ_1M 0x100000
#define SZ_16M 0x1000000
#define SZ_128M 0x8000000
#define SZ_256M 0x10000000
#define SZ_512M 0x20000000
#define SZ_1G 0x40000000
#define SZ_2G 0x80000000UL

#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EIO 5
#define ENXIO 6
#define E2BIG 7
#define EBADF 9
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ETXTBSY 26
#define ENOSPC 28
#define ERANGE 34
#define ENOSYS 38
#define EOPNOTSUPP 95
#define ETIMEDOUT 110
#define ENOTSUPP 524
#define ERESTARTSYS 512

#define MAX_ERRNO 4095
#define IS_ERR_VALUE(x) ((unsigned long)(x) >= (unsigned long)-MAX_ERRNO)
#define ERR_PTR(error) ((void*)(long)(error))
#define PTR_ERR(p) ((long)(p))
#define IS_ERR(p) IS_ERR_VALUE(p)
#define IS_ERR_OR_NULL(p) (!(p) || IS_ERR(p))
#define PTR_ERR_OR_ZERO(p) (IS_ERR(p) ? (int)PTR_ERR(p) : 0)

// ---- Strings ----

void* memset(void* to, int c, size_t n);
void* memcpy(void* to, const void* from, size_t n);
void* memmove(void* to, const void* from, size_t n);
int memcmp(const void* a, const void* b, size_t n);
size_t strlen(const char* s);
int strcmp(const char* a, const char* b);
int snprintf(char* to, size_t size, const char* format, ...) __printf(3, 4);
#define scnprintf snprintf

// ---- Atomics: one task runs at a time ----

typedef struct {
  int counter;
} atomic_t;
typedef struct {
  s64 counter;
} atomic64_t;
#define ATOMIC_INIT(i) {(i)}
#define atomic_read(v) READ_ONCE((v)->counter)
#define atomic_set(v, i) WRITE_ONCE((v)->counter, i)
#define atomic_add_return(i, v) ((v)->counter += (i))
#define atomic_sub_return(i, v) ((v)->counter -= (i))
#define atomic_add(i, v) ((void)atomic_add_return(i, v))
#define atomic_sub(i, v) ((void)atomic_sub_return(i, v))
#define atomic_inc(v) atomic_add(1, v)
#define atomic_dec(v) atomic_sub(1, v)
#define atomic_inc_return(v) atomic_add_return(1, v)
#define atomic_dec_return(v) atomic_sub_return(1, v)
#define atomic_dec_and_test(v) (atomic_dec_return(v) == 0)
#define atomic64_read atomic_read
#define atomic64_set atomic_set
#define atomic64_add atomic_add
#define atomic64_sub atomic_sub

// ---- Doubly linked lists ----

struct list_head {
  struct list_head *next, *prev;
};
#define LIST_HEAD_INIT(head) {&(head), &(head)}
#define LIST_HEAD(head) struct list_head head = LIST_HEAD_INIT(head)
static inline void INIT_LIST_HEAD(struct list_head* head) { head->next = head->prev = head; }
static inline void hotplug_link(struct list_head* a, struct list_head* entry, struct list_head* b) {
  entry->prev = a;
  entry->next = b;
  a->next = entry;
  b->prev = entry;
}
static inline void list_add(struct list_head* entry, struct list_head* head) {
  hotplug_link(head, entry, head->next);
}
static inline void list_add_tail(struct list_head* entry, struct list_head* head) {
  hotplug_link(head->prev, entry, head);
}
static inline void list_del(struct list_head* entry) {
  entry->prev->next = entry->next;
  entry->next->prev = entry->prev;
  entry->next = entry->prev = NULL;
}
static inline int list_empty(const struct list_head* head) { return head->next == head; }
#define list_entry(p, type, member) container_of(p, type, member)
#define list_add_rcu list_add
static inline void list_del_rcu(struct list_head* entry) {
  entry->prev->next = entry->next;
  entry->next->prev = entry->prev;
}
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_for_each_entry(p, head, member)                                     \
  for (p = list_first_entry(head, __typeof__(*p), member); &p->member != (head); \
       p = list_entry(p->member.next, __typeof__(*p), member))
#define list_for_each_entry_safe(p, n, head, member)          \
  for (p = list_first_entry(head, __typeof__(*p), member),    \
      n = list_entry(p->member.next, __typeof__(*p), member); \
       &p->member != (head); p = n, n = list_entry(n->member.next, __typeof__(*n), member))

#define list_for_each_entry_rcu list_for_each_entry

// ---- Bitmaps ----

#define BITS_PER_LONG 64
#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)
static inline bool test_bit(unsigned long n, const unsigned long* map) {
  return (map[n / BITS_PER_LONG] >> n % BITS_PER_LONG & 1) != 0;
}
static inline void __set_bit(unsigned long n, unsigned long* map) {
  map[n / BITS_PER_LONG] |= 1UL << n % BITS_PER_LONG;
}
static inline void __clear_bit(unsigned long n, unsigned long* map) {
  map[n / BITS_PER_LONG] &= ~(1UL << n % BITS_PER_LONG);
}
#define set_bit __set_bit
#define clear_bit __clear_bit
static inline void __bitmap_set(unsigned long* map, unsigned int start, int n) {
  for (; n > 0; --n) __set_bit(start++, map);
}
static inline void __bitmap_clear(unsigned long* map, unsigned int start, int n) {
  for (; n > 0; --n) __clear_bit(start++, map);
}
#define bitmap_set __bitmap_set
#define bitmap_clear __bitmap_clear
static inline unsigned long find_next_bit(const unsigned long* map, unsigned long size,
                                          unsigned long n) {
  while (n < size && !test_bit(n, map)) ++n;
  return n < size ? n : size;
}
static inline unsigned long find_next_zero_bit(const unsigned long* map, unsigned long size,
                                               unsigned long n) {
  while (n < size && test_bit(n, map)) ++n;
  return n < size ? n : size;
}

#endif  // HOTPLUG_TYPES_H_
