/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What only 64-bit Arm Linux has: tagged addresses, its signal frame's records, its flags of open(), its
 * options of prctl(), and what it says of the processor. */

#include "check.h"
#include "machine.h"
#include <asm/hwcap.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#define TAGGED(p, tag) ((void *)((uintptr_t)(p) | (uintptr_t)(tag) << 56))

static sigjmp_buf recover;
static siginfo_t seen;
static uint64_t seen_fault, seen_esr, seen_pc;

/* The record with this magic number in a frame, or NULL. */
static struct _aarch64_ctx *
find_record (ucontext_t *uc, uint32_t magic)
{
  char *p = (char *)uc->uc_mcontext.__reserved;
  for (struct _aarch64_ctx *head = (void *)p; head->magic != 0; head = (void *)((char *)head + head->size))
    if (head->magic == magic)
      return head;
  return NULL;
}

static void
on_fault (int sig, siginfo_t *info, void *context)
{
  ucontext_t *uc = context;
  struct esr_context *esr = (void *)find_record (uc, ESR_MAGIC);
  seen = *info;
  seen_fault = uc->uc_mcontext.fault_address;
  seen_esr = esr != NULL ? esr->esr : 0;
  seen_pc = uc->uc_mcontext.pc;
  siglongjmp (recover, 1);
}

static void
catch_faults (void)
{
  struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
  sigaction (SIGSEGV, &action, NULL);
  sigaction (SIGBUS, &action, NULL);
  sigaction (SIGILL, &action, NULL);
}

/* ---- tags ---- */

static long
sum (const volatile int *numbers, int n)
{
  long total = 0;
  for (int i = 0; i < n; i++)
    total += numbers[i];
  return total;
}

static long
seven (void)
{
  return 7;
}

static void
test_tagged_accesses (void)
{
  _Alignas (16) static int numbers[100];
  char text[64] = "as it was";
  for (int i = 0; i < 100; i++)
    ((volatile int *)TAGGED (numbers, i + 1))[i] = i;
  CHECK_EQ (sum (numbers, 100), 4950);
  CHECK_EQ (sum (TAGGED (numbers, 0xff), 100), 4950);
  CHECK (strcmp (TAGGED (text, 0x5a), "as it was") == 0);
  memcpy (TAGGED (text, 1), TAGGED ("and now as it is", 2), 17);
  CHECK (strcmp (text, "and now as it is") == 0);
  CHECK_EQ (__atomic_add_fetch ((int *)TAGGED (&numbers[3], 9), 4, __ATOMIC_SEQ_CST), 7);
  uint64_t low, high;
  __asm__ volatile ("ldp %0, %1, [%2]" : "=r"(low), "=r"(high) : "r"(TAGGED (numbers, 3)) : "memory");
  CHECK (low == UINT64_C (0x100000000) && high == UINT64_C (0x700000002));
  __asm__ volatile ("ld2 {v0.4s, v1.4s}, [%2]\n fmov %w0, s0\n fmov %w1, s1"
                    : "=r"(low), "=r"(high)
                    : "r"(TAGGED (numbers + 8, 0x80))
                    : "v0", "v1", "memory");
  CHECK (low == 8 && high == 9);
  CHECK_EQ (((long (*volatile) (void))TAGGED (seven, 0x12)) (), 7);
}

/* Each instruction that meets a tag is one that the translator learns of by itself. */
static void
test_many_tags (void)
{
  static uint64_t words[128] __attribute__ ((aligned (1024)));
  void *tagged = TAGGED (words, 0x7e);
  for (int i = 0; i < 4; i++) {
    uint64_t total = 0;
    __asm__ volatile (".rept 100\n ldr x1, [%1]\n add %0, %0, x1\n str %0, [%1]\n ldr x1, [%1, #8]\n"
                      "add x1, x1, #1\n str x1, [%1, #8]\n .endr"
                      : "+r"(total)
                      : "r"(tagged)
                      : "x1", "memory");
    CHECK_EQ (words[0], total);
    CHECK_EQ (words[1], (uint64_t)(i + 1) * 100);
    words[0] = 0;
  }
  for (int i = 0; i < 100; i++) {
    uint64_t old = (uint64_t)i, next = old + 1, pair_high = 0;
    words[2] = words[4] = old;
    words[5] = 0;
    __asm__ volatile (
        ".arch_extension lse\n add x8, %2, #16\n cas %0, %1, [x8]\n"
        "add x8, %2, #32\n mov x2, %0\n mov x3, %3\n mov x4, %1\n mov x5, %1\n casp x2, x3, x4, x5, [x8]\n"
        "add x8, %2, #512\n dc zva, x8\n"
        "prfm pldl1keep, [%2]\n st4 {v0.4s, v1.4s, v2.4s, v3.4s}, [x8]"
        : "+r"(old)
        : "r"(next), "r"(tagged), "r"(pair_high)
        : "x2", "x3", "x4", "x5", "x8", "memory");
    CHECK_EQ (words[2], next);
    CHECK (words[4] == next && words[5] == next);
  }
}

static uint64_t
thread_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A tag costs next to nothing once the instruction has met one; each by way of a fault would cost thousands
 * of times as much as an access. */
static void
test_tagged_speed (void)
{
  enum { N = 200000 };
  static int numbers[N];
  uint64_t start = thread_ns (), plain, tagged;
  CHECK_EQ (sum (numbers, N), 0);
  plain = thread_ns () - start;
  start = thread_ns ();
  CHECK_EQ (sum (TAGGED (numbers, 0x3c), N), 0);
  tagged = thread_ns () - start;
  CHECK (tagged < 50 * plain + 50000000);
}

static void
test_tagged_faults (void)
{
  char *page = mmap (NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  catch_faults ();
  if (sigsetjmp (recover, 1) == 0)
    *(volatile char *)TAGGED (page + 5, 3) = 1;
  CHECK (seen.si_signo == SIGSEGV && seen.si_code == SEGV_ACCERR && seen.si_addr == page + 5);
  CHECK_EQ (seen_fault, (uintptr_t)page + 5);
  munmap (page, 4096);
  seen.si_signo = 0;
  if (sigsetjmp (recover, 1) == 0)
    (void)*(volatile char *)TAGGED (page + 6, 3);
  CHECK (seen.si_signo == SIGSEGV && seen.si_code == SEGV_MAPERR && seen.si_addr == page + 6);
  /* Bit 55 chooses the kernel's half, whatever the tag is. */
  seen.si_signo = 0;
  if (sigsetjmp (recover, 1) == 0)
    (void)*(volatile char *)(UINT64_C (1) << 55);
  CHECK (seen.si_signo == SIGSEGV && seen.si_code == SEGV_MAPERR);
}

static void
test_tagged_calls (void)
{
  char text[] = "text", back[8] = "";
  int ends[2];
  struct iovec vector = { TAGGED (text, 4), 4 };
  CHECK_OK (pipe (ends));
  CHECK_EQ (prctl (PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0), 0);
  CHECK_ERRNO (write (ends[1], TAGGED (text, 4), 4), EFAULT);
  CHECK_ERRNO (writev (ends[1], &vector, 1), EFAULT);
  CHECK_ERRNO (prctl (PR_SET_TAGGED_ADDR_CTRL, 1ul << 40, 0, 0, 0), EINVAL);
  CHECK_OK (prctl (PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE, 0, 0, 0));
  CHECK_EQ (prctl (PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0), PR_TAGGED_ADDR_ENABLE);
  CHECK_EQ (write (ends[1], TAGGED (text, 4), 4), 4);
  CHECK_EQ (writev (ends[1], TAGGED (&vector, 7), 1), 4);
  CHECK_EQ (read (ends[0], TAGGED (back, 1), 8), 8);
  CHECK (memcmp (back, "texttext", 8) == 0);
  CHECK_OK (access (TAGGED ("/", 6), R_OK));
  void *page = mmap (NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK_OK (mprotect (TAGGED (page, 5), 4096, PROT_READ | PROT_WRITE));
  CHECK_OK (munmap (TAGGED (page, 5), 4096));
  CHECK_OK (prctl (PR_SET_TAGGED_ADDR_CTRL, 0, 0, 0, 0));
  CHECK_ERRNO (write (ends[1], TAGGED (text, 4), 4), EFAULT);
  close (ends[0]);
  close (ends[1]);
}

/* ---- signal frames ---- */

static void
test_syndromes (void)
{
  enum { DATA = 0x24, FETCH = 0x20, PC_ALIGNMENT = 0x22, WRITE = 0x40 };
  catch_faults ();
  if (sigsetjmp (recover, 1) == 0)
    *(volatile int *)16 = 1;
  CHECK_EQ (seen_esr >> 26, DATA);
  CHECK ((seen_esr & WRITE) && (seen_esr & 0x3c) == 4);
  if (sigsetjmp (recover, 1) == 0)
    (void)*(volatile int *)16;
  CHECK (seen_esr >> 26 == DATA && !(seen_esr & WRITE) && seen_fault == 16);
  if (sigsetjmp (recover, 1) == 0)
    ((void (*volatile) (void))16) ();
  CHECK (seen_esr >> 26 == FETCH && seen_pc == 16 && seen.si_addr == (void *)16);
  if (sigsetjmp (recover, 1) == 0)
    ((void (*volatile) (void)) ((uintptr_t)seven + 2)) ();
  CHECK (seen.si_signo == SIGBUS && seen.si_code == BUS_ADRALN && seen.si_addr == (char *)seven + 2);
  CHECK_EQ (seen_esr >> 26, PC_ALIGNMENT);
  if (sigsetjmp (recover, 1) == 0)
    __asm__ volatile ("udf #1");
  CHECK (seen.si_signo == SIGILL && seen_esr >> 26 == 0 && seen_fault == 0);
}

static uint64_t handler_fp, handler_lr, interrupted_fp, frame_pstate, frame_pc;
__attribute__ ((used)) static volatile uint64_t restored;

static void
look (int sig, siginfo_t *info, void *context)
{
  ucontext_t *uc = context;
  struct fpsimd_context *fp = (void *)find_record (uc, FPSIMD_MAGIC);
  uint64_t *link;
  /* The compiler has put its own record on the stack, which names the kernel's. */
  link = *(uint64_t **)__builtin_frame_address (0);
  handler_fp = link[0];
  handler_lr = link[1];
  interrupted_fp = uc->uc_mcontext.regs[29];
  frame_pstate = uc->uc_mcontext.pstate;
  frame_pc = uc->uc_mcontext.pc;
  CHECK_EQ (link[1], uc->uc_mcontext.regs[30]);
  CHECK_EQ ((uintptr_t)uc % 16, 0);
  CHECK (fp != NULL && fp->head.size == sizeof *fp);
  CHECK_EQ (fp->fpcr, 0x00c00000);
  CHECK_EQ (fp->fpsr, 0x10);
  uint64_t fpcr = 0;
  __asm__ volatile ("msr fpcr, %0\n msr fpsr, %0" ::"r"(fpcr));
  fp->fpsr = 0x8000001;
  uc->uc_mcontext.pstate = 0x90000000;
}

static void
test_frame (void)
{
  struct sigaction action = { .sa_sigaction = look, .sa_flags = SA_SIGINFO };
  uint64_t fpcr = 0x00c00000, fpsr = 0x10, flags, zero = 0;
  sigaction (SIGUSR1, &action, NULL);
  long pid = getpid ();
  register long x0 __asm__ ("x0") = pid;
  register long x1 __asm__ ("x1") = SIGUSR1;
  register long x8 __asm__ ("x8") = SYS_kill;
  __asm__ volatile (
      "msr fpcr, %3\n msr fpsr, %4\n msr nzcv, %5\n svc #0\n mrs %0, nzcv\n mrs %1, fpcr\n mrs %2, fpsr\n"
      : "=&r"(flags), "+r"(fpcr), "+r"(fpsr)
      : "r"(fpcr), "r"(fpsr), "r"(UINT64_C (0x60000000)), "r"(x0), "r"(x1), "r"(x8)
      : "memory", "cc");
  __asm__ volatile ("msr fpcr, %0" ::"r"(zero));
  CHECK_EQ (frame_pstate, 0x60000000);
  CHECK_EQ (flags, 0x90000000);
  CHECK_EQ (fpcr, 0x00c00000);
  CHECK_EQ (fpsr, 0x8000001);
  CHECK (handler_fp == interrupted_fp && handler_lr != 0 && frame_pc != 0);
}

static void
restorer (void)
{
  __asm__ volatile ("adrp x9, restored\n add x9, x9, :lo12:restored\n mov x10, #1\n str x10, [x9]\n"
                    "mov x8, #139\n svc #0");
}

static void
nothing (int sig)
{
}

static void
test_restorer (void)
{
  struct {
    void *handler;
    unsigned long flags;
    void *restorer;
    unsigned long mask;
  } action = { (void *)nothing, 0x04000000, (void *)restorer, 0 }, old;
  CHECK_OK (syscall (SYS_rt_sigaction, SIGUSR2, &action, NULL, 8));
  CHECK_OK (syscall (SYS_rt_sigaction, SIGUSR2, NULL, &old, 8));
  CHECK (old.handler == action.handler && old.flags == action.flags && old.restorer == action.restorer);
  raise (SIGUSR2);
  CHECK_EQ (restored, 1);
}

static int damage;

static void
spoil (int sig, siginfo_t *info, void *context)
{
  ucontext_t *uc = context;
  struct fpsimd_context *fp = (void *)find_record (uc, FPSIMD_MAGIC);
  switch (damage) {
    case 0: uc->uc_mcontext.pstate |= 0x10; break;
    case 1: uc->uc_mcontext.pstate |= 0x4; break;
    case 2: fp->head.magic = 12345; break;
    case 3: fp->head.size = 0x7fffffff; break;
    case 4: fp->head.size = 8; break;
    case 5: fp->head.magic = 0; break;
    case 6: memcpy ((char *)fp + fp->head.size, fp, sizeof *fp); break;
  }
}

static void
test_bad_frames (void)
{
  struct sigaction action = { .sa_sigaction = spoil, .sa_flags = SA_SIGINFO };
  for (damage = 0; damage < 7; damage++) {
    int status;
    pid_t pid = fork ();
    if (pid == 0) {
      signal (SIGSEGV, SIG_DFL);
      sigaction (SIGUSR1, &action, NULL);
      raise (SIGUSR1);
      _exit (0);
    }
    CHECK_EQ (waitpid (pid, &status, 0), pid);
    CHECK (WIFSIGNALED (status) && WTERMSIG (status) == SIGSEGV);
  }
}

/* ---- system calls ---- */

static void
test_open_flags (void)
{
  char dir[] = "/tmp/vitrine-aarch64-XXXXXX", file[64], link[64];
  struct {
    uint64_t flags, mode, resolve;
  } how = { O_RDONLY | O_NOFOLLOW, 0, 0 };
  CHECK (mkdtemp (dir) != NULL);
  snprintf (file, sizeof file, "%s/file", dir);
  snprintf (link, sizeof link, "%s/link", dir);
  int fd = open (file, O_RDWR | O_CREAT, 0600);
  CHECK (fd >= 0);
  CHECK_OK (symlink ("file", link));
  CHECK_EQ (fcntl (fd, F_GETFL), O_RDWR | 0400000 /* O_LARGEFILE */);
  CHECK_ERRNO (open (file, O_RDONLY | O_DIRECTORY), ENOTDIR);
  CHECK_ERRNO (open (link, O_RDONLY | O_NOFOLLOW), ELOOP);
  CHECK_ERRNO (syscall (SYS_openat2, AT_FDCWD, link, &how, sizeof how), ELOOP);
  how.flags = O_RDONLY | O_DIRECTORY;
  CHECK_ERRNO (syscall (SYS_openat2, AT_FDCWD, file, &how, sizeof how), ENOTDIR);
  CHECK_ERRNO (syscall (SYS_openat2, AT_FDCWD, file, &how, 8), EINVAL);
  int inner = syscall (SYS_openat2, AT_FDCWD, dir, &how, sizeof how);
  CHECK (inner >= 0 && (fcntl (inner, F_GETFL) & O_DIRECTORY) != 0);
  CHECK_OK (syscall (SYS_renameat, inner, "file", inner, "other"));
  CHECK_OK (unlinkat (inner, "link", 0));
  CHECK_OK (unlinkat (inner, "other", 0));
  int direct = open (".", O_TMPFILE | O_RDWR | O_DIRECT, 0600);
  if (direct >= 0) {
    CHECK ((fcntl (direct, F_GETFL) & O_DIRECT) != 0);
    CHECK_OK (fcntl (direct, F_SETFL, 0));
    CHECK ((fcntl (direct, F_GETFL) & O_DIRECT) == 0);
    close (direct);
  }
  close (fd);
  close (inner);
  CHECK_OK (rmdir (dir));
}

/* The number of a call is w8. */
static void
test_number (void)
{
  register long x8 __asm__ ("x8") = SYS_getpid | 0x7700000000;
  register long x0 __asm__ ("x0");
  __asm__ volatile ("svc #99" : "=r"(x0) : "r"(x8) : "memory");
  CHECK_EQ (x0, getpid ());
}

#ifndef PR_PAC_SET_ENABLED_KEYS
#define PR_PAC_SET_ENABLED_KEYS 60
#define PR_PAC_GET_ENABLED_KEYS 61
#endif

/* Signing and checking with IA and with IB, each of which is on or off: one that is off leaves the pointer as
 * it is, and so either way the pointer comes back. */
static void
try_keys (int ia, int ib)
{
  uint64_t by_a = 0x1234, by_b = 0x1234, modifier = 99;
  __asm__ volatile (".arch_extension pauth\n pacia %0, %2\n pacib %1, %2"
                    : "+r"(by_a), "+r"(by_b)
                    : "r"(modifier));
  uint64_t back_a = by_a, back_b = by_b;
  __asm__ volatile (".arch_extension pauth\n autia %0, %2\n autib %1, %2"
                    : "+r"(back_a), "+r"(back_b)
                    : "r"(modifier));
  CHECK (back_a == 0x1234 && back_b == 0x1234);
  if (!ia)
    CHECK_EQ (by_a, 0x1234);
  if (!ib)
    CHECK_EQ (by_b, 0x1234);
}

static uint64_t
sign_with_ib (void)
{
  uint64_t codes = 0;
  for (uint64_t i = 0; i < 8; i++) { /* one in 128 has no bit set */
    uint64_t pointer = 0x1234;
    __asm__ volatile (".arch_extension pauth\n pacib %0, %1" : "+r"(pointer) : "r"(i));
    codes |= pointer >> 48;
  }
  return codes;
}

static void
test_enabled_keys (void)
{
  const unsigned long all = PR_PAC_APIAKEY | PR_PAC_APIBKEY | PR_PAC_APDAKEY | PR_PAC_APDBKEY;
  int status;
  CHECK_EQ (prctl (PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0), all);
  CHECK_ERRNO (prctl (PR_PAC_GET_ENABLED_KEYS, 1, 0, 0, 0), EINVAL);
  CHECK_ERRNO (prctl (PR_PAC_SET_ENABLED_KEYS, PR_PAC_APGAKEY, 0, 0, 0), EINVAL);
  CHECK_ERRNO (prctl (PR_PAC_SET_ENABLED_KEYS, PR_PAC_APIAKEY, PR_PAC_APIBKEY, 0, 0), EINVAL);
  CHECK_ERRNO (prctl (PR_PAC_SET_ENABLED_KEYS, PR_PAC_APIAKEY, 0, 1, 0), EINVAL);
  try_keys (1, 1);
  CHECK (sign_with_ib () != 0);
  CHECK_OK (prctl (PR_PAC_SET_ENABLED_KEYS, PR_PAC_APIBKEY | PR_PAC_APDAKEY, PR_PAC_APDAKEY, 0, 0));
  CHECK_EQ (prctl (PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0), all & ~(unsigned long)PR_PAC_APIBKEY);
  try_keys (1, 0);
  CHECK_EQ (sign_with_ib (), 0);
  if (fork () == 0)
    _exit (prctl (PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0) != (int)(all & ~(unsigned long)PR_PAC_APIBKEY) ||
           sign_with_ib () != 0);
  CHECK (wait (&status) > 0 && status == 0);
  CHECK_OK (prctl (PR_PAC_SET_ENABLED_KEYS, all, all & ~(unsigned long)PR_PAC_APIAKEY, 0, 0));
  try_keys (0, 1);
  CHECK (sign_with_ib () != 0);
  CHECK_OK (prctl (PR_PAC_SET_ENABLED_KEYS, all, all, 0, 0));
  CHECK_EQ (prctl (PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0), all);
}

static void
test_options (void)
{
  enum { BTI = 0x10, MTE = 0x20 };
  void *page = mmap (NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK_EQ (mprotect (page, 4096, PROT_READ | PROT_EXEC | BTI) == 0,
            (getauxval (AT_HWCAP2) & HWCAP2_BTI) != 0);
  CHECK_ERRNO (mprotect (page, 4096, PROT_READ | MTE), EINVAL);
  CHECK_ERRNO (prctl (PR_SVE_GET_VL), EINVAL);
  CHECK_ERRNO (prctl (PR_PAC_RESET_KEYS, 1ul << 7, 0, 0, 0), EINVAL);
  CHECK_ERRNO (prctl (PR_RISCV_SET_ICACHE_FLUSH_CTX, 0, 0, 0, 0), EINVAL);
  if (getauxval (AT_HWCAP) & HWCAP_PACA) {
    uint64_t before = 0x1234, after = 0x1234;
    __asm__ volatile (".arch_extension pauth\n pacdza %0" : "+r"(before));
    CHECK_OK (prctl (PR_PAC_RESET_KEYS, PR_PAC_APDAKEY, 0, 0, 0));
    __asm__ volatile (".arch_extension pauth\n pacdza %0" : "+r"(after));
    CHECK ((before & 0xffff) == 0x1234 && (after & 0xffff) == 0x1234);
    uint64_t again = 0x1234;
    __asm__ volatile (".arch_extension pauth\n pacdza %0" : "+r"(again));
    CHECK_EQ (again, after);
    test_enabled_keys ();
  } else {
    CHECK_ERRNO (prctl (PR_PAC_SET_ENABLED_KEYS, 0, 0, 0, 0), EINVAL);
    CHECK_ERRNO (prctl (PR_PAC_GET_ENABLED_KEYS, 0, 0, 0, 0), EINVAL);
  }
}

static void
test_processor (void)
{
  char text[4096];
  uint64_t id;
  CHECK (strcmp ((const char *)getauxval (AT_PLATFORM), "aarch64") == 0);
  CHECK (getauxval (AT_MINSIGSTKSZ) >= 4688 && getauxval (AT_MINSIGSTKSZ) < 5120);
  unsigned long hwcap = getauxval (AT_HWCAP);
  CHECK ((hwcap & (HWCAP_FP | HWCAP_ASIMD | HWCAP_CPUID)) == (HWCAP_FP | HWCAP_ASIMD | HWCAP_CPUID));
  int fd = open ("/proc/cpuinfo", O_RDONLY);
  ssize_t n = read (fd, text, sizeof text - 1);
  CHECK (n > 0);
  text[n < 0 ? 0 : n] = 0;
  CHECK (strstr (text, "Features\t: fp asimd ") != NULL && strstr (text, "\nCPU architecture: 8\n") != NULL);
  CHECK ((strstr (text, " atomics ") != NULL) == ((hwcap & HWCAP_ATOMICS) != 0));
  __asm__ ("mrs %0, midr_el1" : "=r"(id));
  char part[32];
  snprintf (part, sizeof part, "CPU part\t: 0x%03x\n", (unsigned)(id >> 4 & 0xfff));
  CHECK (strstr (text, part) != NULL);
  close (fd);
}

int
main (void)
{
  test_tagged_speed ();
  test_tagged_accesses ();
  test_tagged_faults ();
  test_many_tags ();
  test_tagged_accesses ();
  test_tagged_faults ();
  test_tagged_calls ();
  test_syndromes ();
  test_frame ();
  test_restorer ();
  test_bad_frames ();
  test_open_flags ();
  test_number ();
  test_options ();
  test_processor ();
  return check_end ();
}
