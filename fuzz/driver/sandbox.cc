// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz/driver/sandbox.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <vector>

namespace hotplug::driver {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArch = AUDIT_ARCH_AARCH64;
#elif defined(__s390x__)
constexpr uint32_t kArch = AUDIT_ARCH_S390X;
#else
constexpr uint32_t kArch = 0;
#endif

// What a verb needs when the file has been loaded: it reads scenarios, writes to what is open,
// allocates, and ends. A sanitizer asks by a pipe what memory there is.
constexpr uint32_t kAllowed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pipe2,
    SYS_sendto,
    SYS_close,
    SYS_lseek,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_getcwd,
    SYS_ioctl,
    SYS_fcntl,
    SYS_munmap,
    SYS_mremap,
    SYS_brk,
    SYS_madvise,
    SYS_mincore,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_setitimer,
    SYS_getpid,
    SYS_getppid,
    SYS_gettid,
    SYS_getuid,
    SYS_geteuid,
    SYS_futex,
    SYS_sched_yield,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_clock_gettime,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_getrusage,
    SYS_sysinfo,
    SYS_uname,
    SYS_prlimit64,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
    SYS_sched_getaffinity,
#ifdef __x86_64__
    SYS_pipe,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_time,
#endif
};

// A program for the kernel's filter.
class Program {
 public:
  void Load(size_t field) { Add(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(field)); }
  void Return(uint32_t action) { Add(BPF_RET | BPF_K, action); }
  // Skips the next instructions if what is loaded does not stand so to `k`.
  void If(uint16_t comparison, uint32_t k, uint8_t skip) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_K | comparison, k, 0, skip));
  }
  void IfNot(uint16_t comparison, uint32_t k, uint8_t skip) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_K | comparison, k, skip, 0));
  }
  bool Install() {
    sock_fprog program = {static_cast<uint16_t>(code_.size()), code_.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  }

 private:
  void Add(uint16_t code, uint32_t k) { code_.push_back(BPF_STMT(code, k)); }
  std::vector<sock_filter> code_;
};

constexpr size_t kNumber = offsetof(seccomp_data, nr);
constexpr size_t kArchitecture = offsetof(seccomp_data, arch);
constexpr uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;

// Half of a field of 64 bits.
constexpr size_t Low(size_t field) {
  return field + (std::endian::native == std::endian::little ? 0 : 4);
}
constexpr size_t High(size_t field) {
  return field + (std::endian::native == std::endian::little ? 4 : 0);
}
constexpr size_t Argument(size_t i) { return offsetof(seccomp_data, args) + 8 * i; }

// An image does not cross 4 GiB: dl_iterate_phdr() has said where it lies, and it is small. Where
// it does, both halves have the rest.
void TrapImage(uintptr_t begin, uintptr_t end, Program* p) {
  constexpr size_t kIp = offsetof(seccomp_data, instruction_pointer);
  for (uintptr_t part = begin; part < end;) {
    const uintptr_t next = ((part >> 32) + 1) << 32;
    const uintptr_t last = (next < end ? next : end) - 1;
    p->Load(High(kIp));
    p->If(BPF_JEQ, static_cast<uint32_t>(part >> 32), 4);
    p->Load(Low(kIp));
    p->If(BPF_JGE, static_cast<uint32_t>(part), 2);
    p->IfNot(BPF_JGT, static_cast<uint32_t>(last), 1);
    p->Return(SECCOMP_RET_TRAP);
    part = last + 1;
  }
}

// A call whose argument has none of these bits.
void AllowWithout(uint32_t number, size_t argument, uint32_t bits, Program* p) {
  p->If(BPF_JEQ, number, 4);
  p->Load(Low(Argument(argument)));
  p->IfNot(BPF_JSET, bits, 1);
  p->Return(SECCOMP_RET_ALLOW);
  p->Return(kRefuse);
}

void AllowFew(Program* p) {
  constexpr uint32_t kWrites = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  p->Load(kArchitecture);
  p->IfNot(BPF_JEQ, kArch, 1);
  p->Return(kRefuse);
  p->Load(kNumber);
  for (const uint32_t number : kAllowed) {
    p->If(BPF_JEQ, number, 1);
    p->Return(SECCOMP_RET_ALLOW);
  }
  AllowWithout(SYS_openat, 2, kWrites, p);
#ifdef SYS_open
  AllowWithout(SYS_open, 1, kWrites, p);
#endif
  AllowWithout(SYS_mmap, 2, PROT_EXEC, p);
  AllowWithout(SYS_mprotect, 2, PROT_EXEC, p);
  // abort(): a signal to this process.
  p->If(BPF_JEQ, SYS_tgkill, 4);
  p->Load(Low(Argument(0)));
  p->If(BPF_JEQ, static_cast<uint32_t>(getpid()), 1);
  p->Return(SECCOMP_RET_ALLOW);
  p->Return(kRefuse);
  p->Return(kRefuse);
}

}  // namespace

bool Enter(Sandbox sandbox, uintptr_t begin, uintptr_t end) {
  if (sandbox == Sandbox::kNone) return true;
  if (kArch == 0) return false;
  Program program;
  TrapImage(begin, end, &program);
  if (sandbox == Sandbox::kImage) {
    program.Return(SECCOMP_RET_ALLOW);
  } else {
    AllowFew(&program);
  }
  return program.Install();
}

}  // namespace hotplug::driver
