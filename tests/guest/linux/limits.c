/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits on memory: a stack that may grow further than it could at the start, address space and data. */
#include "check.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MIB (1024L * 1024)

static void
set_limit (int resource, rlim_t soft)
{
  struct rlimit limit;
  CHECK_OK (getrlimit (resource, &limit));
  limit.rlim_cur = soft;
  CHECK_OK (setrlimit (resource, &limit));
}

static void
expect_limit (int resource, rlim_t soft)
{
  struct rlimit limit;
  CHECK_OK (getrlimit (resource, &limit));
  CHECK_EQ (limit.rlim_cur, soft);
}

/* Uses `bytes` of stack, and finds on the way back what it put there. */
static __attribute__ ((noinline)) int
recurse (long bytes)
{
  volatile char frame[4096];
  frame[0] = (char)bytes;
  frame[4095] = 7;
  int sum = bytes > 4096 ? recurse (bytes - 4096) : 0;
  return sum + (frame[0] == (char)bytes && frame[4095] == 7);
}

static void
test_stack (void)
{
  set_limit (RLIMIT_STACK, 64 * MIB);
  expect_limit (RLIMIT_STACK, 64 * MIB);
  CHECK_EQ (recurse (24 * MIB), 24 * MIB / 4096);
  pid_t pid = fork ();
  if (pid == 0)
    _exit (recurse (300 * MIB) ? 0 : 1);
  int status;
  CHECK_EQ (waitpid (pid, &status, 0), pid);
  CHECK (WIFSIGNALED (status) && WTERMSIG (status) == SIGSEGV);
}

static void *
map (size_t size, int prot)
{
  return mmap (NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void
test_address_space (void)
{
  char *area = map (16 * MIB, PROT_NONE);
  set_limit (RLIMIT_AS, 512 * MIB);
  expect_limit (RLIMIT_AS, 512 * MIB);
  char *half = map (300 * MIB, PROT_NONE);
  CHECK (half != MAP_FAILED);
  CHECK (map (300 * MIB, PROT_NONE) == MAP_FAILED && errno == ENOMEM);
  CHECK (mremap (half, 300 * MIB, 600 * MIB, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
  char *start = sbrk (0);
  CHECK (sbrk (300 * MIB) == (void *)-1 && errno == ENOMEM);
  CHECK (sbrk (0) == start);
  /* What is mapped in its place makes room. */
  CHECK (mmap (half, 300 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == half);
  CHECK_OK (munmap (half, 300 * MIB));
  half = map (300 * MIB, PROT_NONE);
  CHECK (half != MAP_FAILED);
  CHECK_OK (munmap (half, 300 * MIB));
  set_limit (RLIMIT_AS, RLIM_INFINITY);
  CHECK_OK (munmap (area, 16 * MIB));
}

static void
test_data (void)
{
  set_limit (RLIMIT_DATA, 64 * MIB);
  char *reserved = map (100 * MIB, PROT_READ);
  CHECK (reserved != MAP_FAILED); /* not data */
  CHECK_ERRNO (mprotect (reserved, 100 * MIB, PROT_READ | PROT_WRITE), ENOMEM);
  CHECK (map (100 * MIB, PROT_READ | PROT_WRITE) == MAP_FAILED && errno == ENOMEM);
  CHECK (sbrk (100 * MIB) == (void *)-1 && errno == ENOMEM);
  char *shared =
      mmap (NULL, 100 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK (shared != MAP_FAILED);
  CHECK_OK (munmap (shared, 100 * MIB));
  CHECK_OK (munmap (reserved, 100 * MIB));
  set_limit (RLIMIT_DATA, RLIM_INFINITY);
}

/* The program that execve starts has them still. */
static void
test_inherited (char *self)
{
  pid_t pid = fork ();
  if (pid == 0) {
    set_limit (RLIMIT_STACK, 48 * MIB);
    set_limit (RLIMIT_AS, 700 * MIB);
    set_limit (RLIMIT_DATA, 80 * MIB);
    char *argv[] = { self, "inherited", NULL };
    execv ("/proc/self/exe", argv);
    _exit (99);
  }
  int status;
  CHECK_EQ (waitpid (pid, &status, 0), pid);
  CHECK_EQ (status, 0);
}

static int
inherited (void)
{
  expect_limit (RLIMIT_STACK, 48 * MIB);
  expect_limit (RLIMIT_AS, 700 * MIB);
  expect_limit (RLIMIT_DATA, 80 * MIB);
  CHECK_EQ (recurse (24 * MIB), 24 * MIB / 4096);
  CHECK (map (800 * MIB, PROT_NONE) == MAP_FAILED && errno == ENOMEM);
  CHECK (map (100 * MIB, PROT_READ | PROT_WRITE) == MAP_FAILED && errno == ENOMEM);
  return check_end ();
}

int
main (int argc, char **argv)
{
  if (argc > 1)
    return inherited ();
  test_stack ();
  test_address_space ();
  test_data ();
  test_inherited (argv[0]);
  return check_end ();
}
