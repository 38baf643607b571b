/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What no driver does: system calls, and instructions that fault. */
#include <linux/module.h>

#ifdef __x86_64__
static noinline long raw(long n, long a, long b, long c)
{
	long rc;

	asm volatile("syscall"
		     : "=a"(rc)
		     : "a"(n), "D"(a), "S"(b), "d"(c)
		     : "rcx", "r11", "memory");
	return rc;
}
enum {
	WRITE = 1,
	CREAT = 85,
	FORK = 57,
	EXIT_GROUP = 231,
	KILL = 62,
	MPROTECT = 10
};
#define HANG "1: jmp 1b"
#define ILLEGAL "ud2"
#define TRAP "int3"
#define JUMP "mov $0x1230, %%rax; jmp *%%rax"
#define STACK "mov $0x1230, %%rsp; push %%rax"
#define STORE(to) asm volatile("movb $1, (%0)" : : "r"(to) : "memory")
#else
static noinline long raw(long n, long a, long b, long c)
{
	register long x8 asm("x8") = n;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;

	asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}
enum {
	WRITE = 64,
	CREAT = 56,
	FORK = 220,
	EXIT_GROUP = 94,
	KILL = 129,
	MPROTECT = 226
};
#define HANG "1: b 1b"
#define ILLEGAL "udf 0"
#define TRAP "brk 0"
#define JUMP "mov x0, 0x1230; br x0"
#define STACK "mov x0, 0x1230; mov sp, x0; str x0, [sp]"
#define STORE(to) asm volatile("strb wzr, [%0]" : : "r"(to) : "memory")
#endif

static volatile int zero;
#define WILD (0x12345678ul + zero)
