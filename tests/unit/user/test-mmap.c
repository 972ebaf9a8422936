/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_limits (void)
{
  uint64_t end = user_task_size (), host_page = h2g (&invalidations) & ~UINT64_C (4095);
  g_assert_cmpint (user_mmap (end - 4096, 8192, RW, ANON | MAP_FIXED, -1, 0), ==, -ENOMEM);
  g_assert_cmpint (user_mmap (host_page, 4096, RW, ANON | MAP_FIXED, -1, 0), ==, -ENOMEM);
  g_assert_cmpint (user_munmap (host_page, 4096), ==, -EINVAL);
  g_assert_cmpint (user_mprotect (host_page, 4096, PROT_NONE), ==, -ENOMEM);
  g_assert_cmpint (user_mremap (host_page, 4096, 8192, MREMAP_MAYMOVE, 0), ==, -EFAULT);
  g_assert_cmpint (user_madvise (host_page, 4096, MADV_DONTNEED), ==, -ENOMEM);
  g_assert_cmpint (user_mmap (0, 0, RW, ANON, -1, 0), ==, -EINVAL);
  g_assert_cmpint (user_mmap (0, UINT64_MAX, RW, ANON, -1, 0), ==, -ENOMEM);
  g_assert_cmpint (user_mmap (0, end + 4096, RW, ANON, -1, 0), ==, -ENOMEM);
  g_assert_cmpint (user_mmap (0x100001, 4096, RW, ANON | MAP_FIXED, -1, 0), ==, -EINVAL);
  g_assert_cmpint (user_mmap (0, 4096, RW, MAP_PRIVATE, -1, 1), ==, -EINVAL);
  g_assert_cmpint (user_mmap (0, 4096, RW, MAP_PRIVATE, -1, 0), ==, -EBADF);
  g_assert_cmpint (user_mmap (0, 4096, RW, MAP_ANONYMOUS, -1, 0), ==, -EINVAL);
  g_assert_cmpint (user_munmap (0x100001, 4096), ==, -EINVAL);
  g_assert_cmpint (user_munmap (0x100000, 0), ==, -EINVAL);
}

static void
test_placement (void)
{
  uint64_t a = map_anon (0, PAGES (1), RW), b = map_anon (0, PAGES (2), RW),
           c = map_anon (0, PAGES (1), PROT_READ);
  g_assert_cmphex (b, ==, a - PAGES (2));
  g_assert_cmphex (c, ==, b - PAGES (1));
  /* The first hole from the top that is large enough. */
  g_assert_cmpint (user_munmap (b, PAGES (2)), ==, 0);
  uint64_t large = map_anon (0, PAGES (3), RW);
  g_assert_cmphex (large, ==, c - PAGES (3));
  g_assert_cmphex (map_anon (0, PAGES (1), RW), ==, b + PAGES (1));
  g_assert_cmphex (map_anon (0, PAGES (1), RW), ==, b);
  /* A hint is taken when it is free, rounded up, and else forgotten. */
  g_assert_cmphex (user_mmap (0x500001, 4096, RW, ANON, -1, 0), ==, 0x501000);
  g_assert_cmphex (user_mmap (0x501000, 4096, RW, ANON, -1, 0), ==, large - 4096);
  g_assert_cmpint (user_mmap (0x501000, 4096, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), ==, -EEXIST);
  g_assert_cmphex (user_mmap (0x502000, 4096, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), ==, 0x502000);
  /* Whole huge pages are aligned. */
  uint64_t huge = map_anon (0, UINT64_C (4) << 20, RW);
  g_assert_cmphex (huge & 0x1fffff, ==, 0);
  user_munmap (huge, UINT64_C (4) << 20);
  for (uint64_t at = large - 4096; at <= a; at += 4096)
    user_munmap (at, 4096);
  user_munmap (0x501000, 8192);
  g_assert_cmpint (user_page_prot (0x501000), ==, -1);
}

static void
test_protection (void)
{
  uint64_t at = map_anon (0x1000000, PAGES (5), RW);
  uint32_t word = 0x12345678, back = 0;
  g_assert_cmpint (user_write (at + PAGES (2), &word, 4), ==, 0);
  g_assert_cmpint (user_mprotect (at + PAGES (2), PAGES (1), PROT_READ), ==, 0);
  g_assert_cmpint (user_write (at + PAGES (2), &word, 4), ==, -EFAULT);
  g_assert_cmpint (user_read (&back, at + PAGES (2), 4), ==, 0);
  g_assert_cmphex (back, ==, word);
  g_assert_cmpint (user_mprotect (at + PAGES (1), PAGES (1), PROT_NONE), ==, 0);
  g_assert_cmpint (user_read (&back, at + PAGES (1), 4), ==, -EFAULT);
  g_assert_cmpint (user_page_prot (at), ==, RW);
  g_assert_cmpint (user_page_prot (at + PAGES (1)), ==, PROT_NONE);
  g_assert_cmpint (user_page_prot (at + PAGES (2)), ==, PROT_READ);
  g_assert_cmpint (user_fault_code (at + PAGES (1)), ==, SEGV_ACCERR);
  g_assert_cmpint (user_fault_code (at + PAGES (5)), ==, SEGV_MAPERR);
  /* Up to a hole the change is made. */
  g_assert_cmpint (user_munmap (at + PAGES (4), PAGES (1)), ==, 0);
  g_assert_cmpint (user_mprotect (at + PAGES (3), PAGES (2), PROT_READ), ==, -ENOMEM);
  g_assert_cmpint (user_page_prot (at + PAGES (3)), ==, PROT_READ);
  g_assert_cmpint (user_mprotect (at, PAGES (1), 0x100), ==, -EINVAL);
  g_assert_cmpint (user_mprotect (at + 1, PAGES (1), RW), ==, -EINVAL);
  g_assert_cmpint (user_mprotect (at, 0, RW), ==, 0);
  g_assert_cmpint (user_munmap (at, PAGES (5)), ==, 0);
}

/* What others may see being written to is announced before the guest gets it. */
static void
test_shared (void)
{
  const int shared = MAP_SHARED | MAP_ANONYMOUS;
  memory_shared = false;
  uint64_t readable = (uint64_t)user_mmap (0, PAGES (2), PROT_READ, shared, -1, 0);
  uint64_t private = map_anon (0, PAGES (2), RW);
  g_assert_false (memory_shared);
  g_assert_cmpint (user_mprotect (readable + PAGES (1), PAGES (1), RW), ==, 0);
  g_assert_true (memory_shared);
  memory_shared = false;
  uint64_t writable = (uint64_t)user_mmap (0, PAGES (1), RW, shared, -1, 0);
  g_assert_true (memory_shared);
  user_munmap (readable, PAGES (2));
  user_munmap (private, PAGES (2));
  user_munmap (writable, PAGES (1));
}

static void
test_code (void)
{
  static const GuestIsa isa = { .bits = 64, .insn_align = 2 };
  Cpu cpu = { .isa = &isa };
  uint64_t at = map_anon (0x1000000, PAGES (3), PROT_READ | PROT_EXEC);
  uint8_t code[16];
  IrFault fault = { 0 };
  invalidations = 0;
  g_assert_cmpint (user_fetch (&cpu, at + 4096 - 2, code, 4, &fault), ==, 4);
  g_assert_cmpint (user_mprotect (at + PAGES (1), PAGES (1), RW), ==, 0);
  g_assert_cmpuint (invalidations, ==, 1);
  g_assert_cmphex (invalidated_start, ==, at + PAGES (1));
  g_assert_cmphex (invalidated_size, ==, PAGES (1));
  /* Code ends at a page that may not be executed. */
  g_assert_cmpint (user_fetch (&cpu, at + 4096 - 2, code, 4, &fault), ==, 2);
  g_assert_cmpint (user_fetch (&cpu, at + PAGES (1), code, 4, &fault), ==, 0);
  g_assert_cmpint (fault.si_code, ==, SEGV_ACCERR);
  g_assert_cmphex (fault.addr, ==, at + PAGES (1));
  g_assert_cmpint (user_fetch (&cpu, at + PAGES (3), code, 4, &fault), ==, 0);
  g_assert_cmpint (fault.si_code, ==, SEGV_MAPERR);
  g_assert_cmpint (user_fetch (&cpu, at + 1, code, 4, &fault), ==, 0);
  g_assert_cmpint (fault.signo, ==, SIGBUS);
  g_assert_cmpint (fault.si_code, ==, BUS_ADRALN);
  g_assert_cmphex (fault.addr, ==, at + 1);
  /* Data alone does not concern the translator. */
  g_assert_cmpint (user_munmap (at + PAGES (1), PAGES (1)), ==, 0);
  g_assert_cmpuint (invalidations, ==, 1);
  map_anon (at, PAGES (1), RW);
  g_assert_cmpuint (invalidations, ==, 2);
  g_assert_cmpint (user_munmap (at, PAGES (3)), ==, 0);
  g_assert_cmpuint (invalidations, ==, 3);
}

static void
test_host_is_never_executable (void)
{
  uint64_t at = map_anon (0x1000000, PAGES (1), PROT_READ | PROT_WRITE | PROT_EXEC);
  g_autofree char *host = NULL;
  char line[64];
  g_assert_true (g_file_get_contents ("/proc/self/maps", &host, NULL, NULL));
  /* Eight digits at least. */
  g_snprintf (line, sizeof line, "%08" G_GINT64_MODIFIER "x-%08" G_GINT64_MODIFIER "x rw-p",
              (uint64_t)guest_base + at, (uint64_t)guest_base + at + 4096);
  g_assert_nonnull (strstr (host, line));
  g_assert_cmpint (user_munmap (at, PAGES (1)), ==, 0);
}

static void
test_file (void)
{
  char name[] = "/tmp/test-mmap-XXXXXX";
  int fd = mkstemp (name);
  char text[6000];
  memset (text, 'x', sizeof text);
  g_assert_cmpint (write (fd, text, sizeof text), ==, sizeof text);
  int64_t at = user_mmap (0, PAGES (3), RW, MAP_SHARED, fd, 0);
  g_assert_cmpint (at, >, 0);
  g_assert_cmpint (user_write ((uint64_t)at + 5000, "y", 1), ==, 0);
  g_assert_cmpint (pread (fd, text, 1, 5000), ==, 1);
  g_assert_cmpint (text[0], ==, 'y');
  /* Beyond the file's last page is a bus error, and for us no access. */
  g_assert_cmpint (user_read (text, (uint64_t)at + PAGES (2), 1), ==, -EFAULT);
  g_autofree char *maps = user_proc_maps ();
  g_assert_nonnull (strstr (maps, name));
  g_assert_nonnull (strstr (maps, "rw-s 00000000 "));
  g_assert_cmpint (user_mprotect ((uint64_t)at + PAGES (1), PAGES (1), PROT_READ | PROT_EXEC), ==, 0);
  g_autofree char *split = user_proc_maps ();
  g_assert_nonnull (strstr (split, "r-xs 00001000 "));
  g_assert_cmpint (user_munmap ((uint64_t)at, PAGES (3)), ==, 0);
  close (fd);
  unlink (name);
}

static void
test_brk (void)
{
  user_brk_init (0x4000000);
  g_assert_cmphex (user_brk (0), ==, 0x4000000);
  g_assert_cmphex (user_brk (0x4000123), ==, 0x4000123);
  g_assert_cmpint (user_page_prot (0x4000fff), ==, RW);
  g_assert_cmpint (user_page_prot (0x4001000), ==, -1);
  g_assert_cmphex (user_brk (0x4010000), ==, 0x4010000);
  g_autofree char *maps = user_proc_maps ();
  g_assert_nonnull (strstr (maps, "[heap]"));
  g_assert_cmphex (user_brk (0x4002000), ==, 0x4002000);
  g_assert_cmpint (user_page_prot (0x4002000), ==, -1);
  /* Not below its start, not into another mapping. */
  g_assert_cmphex (user_brk (0x3fff000), ==, 0x4002000);
  map_anon (0x4008000, PAGES (1), RW);
  g_assert_cmphex (user_brk (0x4009000), ==, 0x4002000);
  g_assert_cmphex (user_brk (0x4006fff), ==, 0x4006fff);
  g_assert_cmphex (user_brk (0x4000000), ==, 0x4000000);
  g_assert_cmpint (user_munmap (0x4008000, PAGES (1)), ==, 0);
}

static void
test_stack_grows (void)
{
  uint64_t top = user_task_size () - PAGES (16);
  int flags = ANON | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE;
  int64_t at = user_mmap_kind (top - PAGES (2), PAGES (2), RW, flags, -1, 0, USER_MAP_STACK);
  g_assert_cmphex (at, ==, top - PAGES (2));
  uint64_t deep = top - PAGES (40);
  g_assert_cmpint (user_write (deep, "x", 1), ==, 0);
  g_assert_cmpint (user_page_prot (deep), ==, RW);
  g_assert_cmpint (user_page_prot (deep - PAGES (1)), ==, -1);
  g_autofree char *maps = user_proc_maps ();
  g_assert_nonnull (strstr (maps, "[stack]"));
  /* Nothing is put so close that it could not grow. */
  g_assert_cmpint (user_mmap (deep - PAGES (2), PAGES (1), RW, ANON, -1, 0), !=, deep - PAGES (2));
  g_assert_cmpint (user_munmap (deep, top - deep), ==, 0);
  g_assert_cmpint (user_page_prot (top - PAGES (1)), ==, -1);
}

static void
test_ranges (void)
{
  uint64_t at = map_anon (0x1000000, PAGES (4), RW), vec = map_anon (0x2000000, PAGES (1), RW);
  g_assert_cmpint (user_write (at + PAGES (1), "x", 1), ==, 0);
  g_assert_cmpint (user_mincore (at, PAGES (4), vec), ==, 0);
  uint8_t resident[4];
  user_read (resident, vec, 4);
  g_assert_cmpint (resident[1] & 1, ==, 1);
  g_assert_cmpint (resident[3] & 1, ==, 0);
  g_assert_cmpint (user_mincore (at, PAGES (5), vec), ==, -ENOMEM);
  g_assert_cmpint (user_mincore (at, PAGES (1), at + PAGES (10)), ==, -EFAULT);
  g_assert_cmpint (user_madvise (at, PAGES (4), MADV_DONTNEED), ==, 0);
  user_read (resident, at + PAGES (1), 1);
  g_assert_cmpint (resident[0], ==, 0);
  g_assert_cmpint (user_madvise (at, PAGES (5), MADV_DONTNEED), ==, -ENOMEM);
  g_assert_cmpint (user_madvise (at, PAGES (1), 12345), ==, -EINVAL);
  g_assert_cmpint (user_madvise (at + 1, PAGES (1), MADV_DONTNEED), ==, -EINVAL);
  g_assert_cmpint (user_msync (at, PAGES (4), MS_SYNC), ==, 0);
  g_assert_cmpint (user_msync (at, PAGES (5), MS_SYNC), ==, -ENOMEM);
  g_assert_cmpint (user_mlock (at + 10, 20, 0), ==, 0);
  g_assert_cmpint (user_munlock (at, PAGES (1)), ==, 0);
  g_assert_cmpint (user_mlock (at + PAGES (3), PAGES (2), 0), ==, -ENOMEM);
  user_munmap (at, PAGES (4));
  user_munmap (vec, PAGES (1));
}

static void
test_shm (void)
{
  int id = shmget (IPC_PRIVATE, 8192, 0600);
  g_assert_cmpint (id, >=, 0);
  int64_t at = user_shmat (id, 0, 0);
  g_assert_cmpint (at, >, 0);
  g_assert_cmpint (user_write ((uint64_t)at + 4096, "x", 1), ==, 0);
  g_assert_cmpint (user_shmat (id, (uint64_t)at, 0), ==, -EINVAL);
  g_assert_cmpint (user_shmat (id, (uint64_t)at + 1, 0), ==, -EINVAL);
  int64_t other = user_shmat (id, 0x3000001, SHM_RND | SHM_RDONLY);
  g_assert_cmphex (other, ==, 0x3000000);
  char c = 0;
  g_assert_cmpint (user_read (&c, (uint64_t)other + 4096, 1), ==, 0);
  g_assert_cmpint (c, ==, 'x');
  g_assert_cmpint (user_shmdt ((uint64_t)at + 4096), ==, -EINVAL);
  g_assert_cmpint (user_shmdt ((uint64_t)at), ==, 0);
  g_assert_cmpint (user_page_prot ((uint64_t)at), ==, -1);
  g_assert_cmpint (user_shmdt ((uint64_t)other), ==, 0);
  shmctl (id, IPC_RMID, NULL);
}

static void
test_strings (void)
{
  uint64_t at = map_anon (0x1000000, PAGES (1), RW);
  int error;
  user_write (at + 4096 - 6, "hello", 6);
  g_autofree char *text = user_read_string (at + 4096 - 6, 100, &error);
  g_assert_cmpstr (text, ==, "hello");
  user_write (at + 4096 - 6, "hello!", 6);
  g_assert_null (user_read_string (at + 4096 - 6, 100, &error));
  g_assert_cmpint (error, ==, -EFAULT);
  g_assert_null (user_read_string (at + 4096 - 6, 3, &error));
  g_assert_cmpint (error, ==, -ENAMETOOLONG);
  g_assert_cmpint (user_read (&error, guest_space_size - 2, 4), ==, -EFAULT);
  g_assert_cmpint (user_read (&error, UINT64_MAX, 4), ==, -EFAULT);
  user_munmap (at, PAGES (1));
}

/* Random calls against a plain array of pages. */
static void
test_random (void)
{
  enum { N = 64 };
  const uint64_t base = 0x8000000;
  int model[N];
  for (unsigned i = 0; i < N; i++)
    model[i] = -1;
  for (unsigned step = 0; step < 20000; step++) {
    unsigned first = (unsigned)g_test_rand_int_range (0, N), n = (unsigned)g_test_rand_int_range (1, 9);
    n = MIN (n, N - first);
    int prot = g_test_rand_int_range (0, 8), hole = 0;
    switch (g_test_rand_int_range (0, 3)) {
      case 0:
        map_anon (base + PAGES (first), PAGES (n), prot);
        for (unsigned i = first; i < first + n; i++)
          model[i] = prot;
        break;
      case 1:
        g_assert_cmpint (user_munmap (base + PAGES (first), PAGES (n)), ==, 0);
        for (unsigned i = first; i < first + n; i++)
          model[i] = -1;
        break;
      default:
        for (unsigned i = first; i < first + n && !hole; i++) {
          hole = model[i] < 0;
          if (!hole)
            model[i] = prot;
        }
        g_assert_cmpint (user_mprotect (base + PAGES (first), PAGES (n), prot), ==, hole ? -ENOMEM : 0);
    }
    unsigned probe = (unsigned)g_test_rand_int_range (0, N);
    g_assert_cmpint (user_page_prot (base + PAGES (probe)), ==, model[probe]);
    char c;
    bool readable = model[probe] > 0;
    g_assert_cmpint (user_read (&c, base + PAGES (probe), 1), ==, readable ? 0 : -EFAULT);
  }
  user_munmap (base, PAGES (N));
}

static void
test_fork (void)
{
  g_mutex_lock (&user_map_space.lock);
  pid_t child = fork ();
  g_mutex_unlock (&user_map_space.lock);
  if (!child)
    _exit (user_mmap (0, 4096, RW, ANON, -1, 0) > 0 ? 7 : 1);
  int status;
  waitpid (child, &status, 0);
  g_assert_cmpint (WEXITSTATUS (status), ==, 7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  memory_init (64);
  g_test_add_func ("/mmap/limits", test_limits);
  g_test_add_func ("/mmap/placement", test_placement);
  g_test_add_func ("/mmap/protection", test_protection);
  g_test_add_func ("/mmap/shared", test_shared);
  g_test_add_func ("/mmap/code", test_code);
  g_test_add_func ("/mmap/host-is-never-executable", test_host_is_never_executable);
  g_test_add_func ("/mmap/file", test_file);
  g_test_add_func ("/mmap/brk", test_brk);
  g_test_add_func ("/mmap/stack-grows", test_stack_grows);
  g_test_add_func ("/mmap/ranges", test_ranges);
  g_test_add_func ("/mmap/shm", test_shm);
  g_test_add_func ("/mmap/strings", test_strings);
  g_test_add_func ("/mmap/random", test_random);
  g_test_add_func ("/mmap/fork", test_fork);
  return g_test_run ();
}
