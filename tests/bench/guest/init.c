/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The first process of a benchmark's guest: carries out /bench/plan line by line, prints what it measured,
 * and powers off.
 *
 *   run PROGRAM WORK         "@run PROGRAM SECONDS", and the program's output as "@out PROGRAM LINE"
 *   load FILE                a kernel module, /bench/FILE
 *   sleep SECONDS
 *   disk DEVICE MIB          sequential and random, read and write: "@disk TEST BYTES_PER_SECOND"
 *   net ADDRESS PORT MIB     over TCP, both ways: "@net TEST BYTES_PER_SECOND" */

#define _GNU_SOURCE /* O_DIRECT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK   (1u << 20)
#define THREADS 8

static double
now (void)
{
  struct timespec ts;
  clock_gettime (CLOCK_MONOTONIC, &ts);
  return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
spawn (char *const argv[], int out)
{
  pid_t pid = fork ();
  if (pid == 0) {
    if (out >= 0)
      dup2 (out, 1);
    execv (argv[0], argv);
    _exit (127);
  }
  int status;
  waitpid (pid, &status, 0);
  if (status != 0)
    printf ("@failed %s %d\n", argv[0], status);
}

static void
run (char *name, char *work)
{
  char path[128], line[256];
  snprintf (path, sizeof path, "/bench/%s", name);
  char *argv[] = { path, work, NULL };
  int out = open ("/bench/out", O_RDWR | O_CREAT | O_TRUNC, 0600);
  double start = now ();
  spawn (argv, out);
  printf ("@run %s %.6f\n", name, now () - start);
  lseek (out, 0, SEEK_SET);
  FILE *file = fdopen (out, "r");
  while (fgets (line, sizeof line, file))
    printf ("@out %s %s", name, line);
  fclose (file);
}

static void
load (const char *file)
{
  char path[128];
  snprintf (path, sizeof path, "/bench/%s", file);
  int fd = open (path, O_RDONLY);
  if (syscall (SYS_finit_module, fd, "", 0) != 0)
    printf ("@failed %s %d\n", path, errno);
  close (fd);
}

typedef struct {
  int fd;
  int write;
  uint64_t size;
  unsigned n, seed;
} Job;

static void *
random_job (void *data)
{
  Job *job = data;
  void *buffer = aligned_alloc (4096, 4096);
  memset (buffer, 0x5a, 4096);
  unsigned x = job->seed;
  for (unsigned i = 0; i < job->n; i++) {
    x = x * 1664525u + 1013904223u;
    off_t at = (off_t)((x >> 4) % (job->size / 4096) * 4096);
    ssize_t n = job->write ? pwrite (job->fd, buffer, 4096, at) : pread (job->fd, buffer, 4096, at);
    if (n != 4096)
      printf ("@failed disk %d\n", errno);
  }
  free (buffer);
  return NULL;
}

static void
disk_random (const char *name, int fd, uint64_t size, int write, unsigned threads, unsigned total)
{
  pthread_t thread[THREADS];
  Job job[THREADS];
  double start = now ();
  for (unsigned i = 0; i < threads; i++) {
    job[i] = (Job){ fd, write, size, total / threads, 12345 + 77 * i };
    pthread_create (&thread[i], NULL, random_job, &job[i]);
  }
  for (unsigned i = 0; i < threads; i++)
    pthread_join (thread[i], NULL);
  printf ("@disk %s %.0f\n", name, total / threads * threads * 4096.0 / (now () - start));
}

static void
disk_sequential (const char *name, int fd, uint64_t size, int write)
{
  void *buffer = aligned_alloc (4096, CHUNK);
  memset (buffer, 0xa5, CHUNK);
  double start = now ();
  for (uint64_t at = 0; at < size; at += CHUNK) {
    ssize_t n = write ? pwrite (fd, buffer, CHUNK, (off_t)at) : pread (fd, buffer, CHUNK, (off_t)at);
    if (n != CHUNK)
      printf ("@failed disk %d\n", errno);
  }
  if (write)
    fsync (fd);
  printf ("@disk %s %.0f\n", name, (double)size / (now () - start));
  free (buffer);
}

static void
disk (const char *device, unsigned mib)
{
  int fd = -1;
  for (unsigned tries = 0; fd < 0 && tries < 100; tries++, usleep (50000))
    fd = open (device, O_RDWR | O_DIRECT);
  uint64_t size = (uint64_t)mib << 20;
  if (fd < 0) {
    printf ("@failed %s %d\n", device, errno);
    return;
  }
  disk_sequential ("write-new", fd, size, 1);
  disk_sequential ("write", fd, size, 1);
  disk_sequential ("read", fd, size, 0);
  disk_random ("read-4k", fd, size, 0, 1, 4000);
  disk_random ("write-4k", fd, size, 1, 1, 4000);
  disk_random ("read-4k-8", fd, size, 0, THREADS, 16000);
  disk_random ("write-4k-8", fd, size, 1, THREADS, 16000);
  close (fd);
}

static int
dial (const char *address, unsigned port, const char *greeting)
{
  struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons ((uint16_t)port) };
  inet_pton (AF_INET, address, &to.sin_addr);
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  if (connect (fd, (struct sockaddr *)&to, sizeof to) < 0 || write (fd, greeting, strlen (greeting)) < 0)
    printf ("@failed connect %d\n", errno);
  return fd;
}

static void
net (const char *address, unsigned port, unsigned mib)
{
  static char buffer[256 * 1024];
  uint64_t size = (uint64_t)mib << 20, done = 0;
  ssize_t n;
  int fd = dial (address, port, "sink\n");
  double start = now ();
  for (; done < size && (n = write (fd, buffer, sizeof buffer)) > 0; done += (uint64_t)n)
    ;
  shutdown (fd, SHUT_WR);
  if (read (fd, buffer, 1) < 0) /* the other side has it all */
    printf ("@failed net %d\n", errno);
  printf ("@net send %.0f\n", (double)done / (now () - start));
  close (fd);
  char greeting[32];
  snprintf (greeting, sizeof greeting, "source %u\n", mib);
  fd = dial (address, port, greeting);
  start = now ();
  for (done = 0; (n = read (fd, buffer, sizeof buffer)) > 0; done += (uint64_t)n)
    ;
  printf ("@net receive %.0f\n", (double)done / (now () - start));
  close (fd);
}

static void
configure_net (void)
{
  char *up[] = {
    "/bin/sh", "-c",
    "ip link set lo up; for d in /sys/class/net/e*; do n=${d##*/}; ip addr add 10.0.2.15/24 dev $n; "
    "ip link set $n up; ip route add default via 10.0.2.2; done",
    NULL
  };
  spawn (up, -1);
}

static void
step (char *line)
{
  char *verb = strtok (line, " \n"), *a = strtok (NULL, " \n"), *b = strtok (NULL, " \n"),
       *c = strtok (NULL, " \n");
  if (verb == NULL || a == NULL)
    return;
  if (strcmp (verb, "run") == 0 && b)
    run (a, b);
  else if (strcmp (verb, "load") == 0)
    load (a);
  else if (strcmp (verb, "sleep") == 0)
    sleep ((unsigned)atoi (a));
  else if (strcmp (verb, "disk") == 0 && b)
    disk (a, (unsigned)atoi (b));
  else if (strcmp (verb, "net") == 0 && b && c) {
    configure_net ();
    net (a, (unsigned)atoi (b), (unsigned)atoi (c));
  }
}

int
main (void)
{
  char line[256];
  setvbuf (stdout, NULL, _IOLBF, 0);
  mkdir ("/proc", 0755);
  mkdir ("/sys", 0755);
  mkdir ("/dev", 0755);
  mount ("proc", "/proc", "proc", 0, NULL);
  mount ("sysfs", "/sys", "sysfs", 0, NULL);
  mount ("devtmpfs", "/dev", "devtmpfs", 0, NULL);
  int console = open ("/dev/console", O_RDWR);
  if (console >= 0)
    for (int fd = 0; fd < 3; fd++)
      dup2 (console, fd);
  setenv ("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
  printf ("@ready\n");
  FILE *plan = fopen ("/bench/plan", "r");
  while (plan && fgets (line, sizeof line, plan))
    step (line);
  printf ("@done\n");
  sync ();
  reboot (RB_POWER_OFF);
  return 0;
}
