/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the gdb tests debug; the first argument says which part. Lines that tests name have a comment "at:
 * NAME" at their end. */

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct point {
  int x, y;
};

int counter;
volatile int stop_spinning;
uint8_t bytes[64];

__attribute__ ((noinline)) int
add (int amount, struct point *p)
{
  counter += amount; /* at: add */
  p->x += amount;
  return amount + p->y;
}

__attribute__ ((noinline)) int
sum (int n)
{
  struct point p = { 1, 2 };
  int total = 0;
  for (int i = 0; i < n; i++)
    total += add (i, &p); /* at: sum */
  return total;
}

static int
calls (void)
{
  int total = sum (5);
  printf ("total %d counter %d\n", total, counter);
  return 42;
}

/* Long enough to be compiled as a hot region before the debugger asks for more. */
static int
hot (void)
{
  int total = sum (2000000);
  printf ("hot\n"); /* at: warm */
  total += sum (3);
  return total != 0 ? 7 : 8;
}

static int
crash (void)
{
  volatile int *nowhere = (int *)0x10; /* at: before-crash */
  *nowhere = 1;                        /* at: crash */
  return 0;
}

static volatile sig_atomic_t caught;

static void
handler (int sig)
{
  caught = sig; /* at: handler */
}

static int
signals (void)
{
  signal (SIGUSR1, handler);
  raise (SIGUSR1);
  int first = caught;
  caught = 0;
  raise (SIGUSR1);
  return first == SIGUSR1 && caught == 0 ? 3 : 4; /* at: signals-end */
}

static int
spin (void)
{
  printf ("spinning\n");
  fflush (stdout);
  while (!stop_spinning)
    counter++; /* at: spin */
  return 9;
}

static int pipe_ends[2];

static void *
write_later (void *arg)
{
  while (!stop_spinning)
    usleep (1000);
  return write (pipe_ends[1], "x", 1) == 1 ? arg : NULL;
}

/* A blocking call that a debugger's stops must not end. */
static int
blocked (void)
{
  pthread_t id;
  char c = 0;
  if (pipe (pipe_ends) != 0 || pthread_create (&id, NULL, write_later, NULL) != 0)
    return 1;
  printf ("blocked\n");
  fflush (stdout);
  return read (pipe_ends[0], &c, 1) == 1 && c == 'x' ? 13 : 14;
}

enum { N_THREADS = 3 };
static pthread_barrier_t barrier;

static void *
thread_main (void *arg)
{
  int number = (int)(intptr_t)arg;
  pthread_barrier_wait (&barrier);
  for (int i = 0; i < 1000; i++)
    __atomic_fetch_add (&bytes[number], 1, __ATOMIC_RELAXED);
  pthread_barrier_wait (&barrier); /* at: worker */
  return arg;
}

static int
threads (void)
{
  pthread_t ids[N_THREADS];
  pthread_barrier_init (&barrier, NULL, N_THREADS + 1);
  for (int i = 0; i < N_THREADS; i++)
    pthread_create (&ids[i], NULL, thread_main, (void *)(intptr_t)i);
  pthread_barrier_wait (&barrier);
  pthread_barrier_wait (&barrier);
  for (int i = 0; i < N_THREADS; i++)
    pthread_join (ids[i], NULL); /* at: join */
  return 5;
}

/* A child must not meet the parent's breakpoints, however it was made. */
static int
children (void)
{
  struct point p = { 0, 0 };
  int status = 0, failed = 0;
  pid_t pid = fork ();
  if (pid == 0)
    _exit (add (1, &p) == 1 ? 0 : 1);
  failed |= waitpid (pid, &status, 0) != pid || status != 0;
  pid = vfork ();
  if (pid == 0)
    _exit (add (2, &p) == 2 ? 0 : 1);
  failed |= waitpid (pid, &status, 0) != pid || status != 0;
  return failed ? 1 : 6; /* at: children-end */
}

static int
watched (void)
{
  bytes[8] = 1; /* at: watched-start */
  bytes[9] = 2;
  memset (bytes, 3, 8);
  memset (bytes, 4, 16); /* touches it again */
  int seen = bytes[9] + bytes[8];
  __atomic_fetch_add ((uint32_t *)(bytes + 8), 1, __ATOMIC_SEQ_CST);
  return seen == 8 ? 11 : 12; /* at: watched-end */
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    int (*run) (void);
  } parts[] = {
    { "calls", calls },       { "hot", hot },         { "crash", crash },
    { "signals", signals },   { "spin", spin },       { "threads", threads },
    { "children", children }, { "watched", watched }, { "blocked", blocked },
  };
  for (unsigned i = 0; argc > 1 && i < sizeof parts / sizeof *parts; i++)
    if (strcmp (argv[1], parts[i].name) == 0)
      return parts[i].run ();
  return 100;
}
