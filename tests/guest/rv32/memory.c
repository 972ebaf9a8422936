/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The address space of 32 bits: mmap2, mremap, brk, shared memory; and code that is written while it runs. */
#include "runtime.h"

#include <asm/shmbuf.h>
#include <linux/ipc.h>
#include <linux/memfd.h>

#define SHM_RDONLY 010000

static long
map (uint32_t addr, uint32_t size, int prot, int flags)
{
  return CALL (mmap2, addr, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void
test_map (void)
{
  const int rw = PROT_READ | PROT_WRITE;
  long page = map (0, 8192, rw, 0);
  CHECK_OK (page);
  *(volatile char *)(page + 8191) = 1;
  CHECK_EQ (map ((uint32_t)page, 4096, rw, MAP_FIXED_NOREPLACE), -EEXIST);
  CHECK_EQ (map ((uint32_t)page, 4096, PROT_READ, MAP_FIXED), page);
  CHECK_EQ (CALL (mprotect, page, 8192, PROT_READ), 0);
  CHECK_EQ (CALL (munmap, page, 8192), 0);
  CHECK_EQ (CALL (mprotect, page, 8192, PROT_READ), -ENOMEM);
  CHECK_EQ (CALL (munmap, page + 1, 4096), -EINVAL);
  CHECK_EQ (map (0, 0, rw, 0), -EINVAL);
  CHECK_EQ (map (0, 0xfffff000, rw, MAP_NORESERVE), -ENOMEM);
  CHECK_EQ (map (0xfffff000, 8192, rw, MAP_FIXED), -ENOMEM);

  /* The offset counts pages, so that files beyond 4 GiB can be mapped. */
  long fd = CALL (memfd_create, "large", 0);
  CHECK_OK (CALL (pwrite64, fd, "deep", 4, PAIR (0x200003000ULL)));
  long deep = CALL (mmap2, 0, 4096, PROT_READ, MAP_SHARED, fd, 0x200003);
  CHECK_OK (deep);
  CHECK (memcmp ((char *)deep, "deep", 4) == 0);
  CHECK_EQ (CALL (mmap2, 0, 4096, PROT_READ, MAP_SHARED, 999, 0), -EBADF);
  CHECK_OK (CALL (munmap, deep, 4096));
  CHECK_OK (CALL (close, fd));
}

static void
test_mremap (void)
{
  const int rw = PROT_READ | PROT_WRITE;
  long area = map (0, 65536, rw, 0);
  *(volatile uint32_t *)(area + 4096) = 0x1234;
  CHECK_EQ (CALL (mremap, area, 65536, 8192, 0, 0), area);
  long moved = CALL (mremap, area, 8192, 262144, MREMAP_MAYMOVE, 0);
  CHECK_OK (moved);
  CHECK_EQ (*(volatile uint32_t *)(moved + 4096), 0x1234);
  long target = map (0, 16384, PROT_NONE, 0);
  CHECK_EQ (CALL (mremap, moved, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, target), target);
  CHECK_EQ (*(volatile uint32_t *)(target + 4096), 0x1234);
  CHECK_EQ (CALL (mremap, target + 1, 4096, 8192, 0, 0), -EINVAL);
  CHECK_EQ (CALL (mremap, 0x1000, 4096, 8192, 0, 0), -EFAULT);
  CHECK_EQ (CALL (mremap, target, 4096, 0xffff0000, MREMAP_MAYMOVE, 0), -ENOMEM);
  CHECK_EQ (CALL (madvise, target, 8192, MADV_DONTNEED), 0);
  CHECK_EQ (*(volatile uint32_t *)(target + 4096), 0);
  uint8_t resident[2] = { 9, 9 };
  CHECK_EQ (CALL (mincore, target, 8192, resident), 0);
  CHECK (resident[1] & 1);
  CHECK_EQ (CALL (msync, target, 8192, MS_SYNC), 0);
}

static void
test_brk (void)
{
  uint32_t start = (uint32_t)CALL (brk, 0);
  CHECK_EQ (CALL (brk, start + 100000), start + 100000);
  *(volatile char *)(start + 99999) = 1;
  CHECK_EQ (CALL (brk, start + 5), start + 5);
  CHECK_EQ (CALL (brk, start + 100000), start + 100000);
  CHECK_EQ (*(volatile char *)(start + 99999), 0);
  CHECK_EQ (CALL (brk, 0xfffffff0), start + 100000);
  CHECK_EQ (CALL (brk, 16), start + 100000);
}

static void
test_shm (void)
{
  struct shmid64_ds ds;
  long id = CALL (shmget, IPC_PRIVATE, 8192, IPC_CREAT | 0600);
  CHECK_OK (id);
  long at = CALL (shmat, id, 0, 0), again = CALL (shmat, id, 0, SHM_RDONLY);
  CHECK_OK (at);
  *(volatile uint32_t *)at = 77;
  CHECK_EQ (*(volatile uint32_t *)again, 77);
  memset (&ds, 0xff, sizeof ds);
  CHECK_OK (CALL (shmctl, id, IPC_STAT | IPC_64, &ds));
  CHECK (ds.shm_segsz == 8192 && ds.shm_nattch == 2 && ds.shm_cpid == CALL (getpid));
  CHECK ((ds.shm_perm.mode & 0777) == 0600 && ds.shm_atime_high == 0 && ds.shm_atime > 1600000000);
  CHECK_OK (CALL (shmctl, id, IPC_RMID, 0));
  CHECK_OK (CALL (shmdt, at));
  CHECK_OK (CALL (shmdt, again));
  CHECK_EQ (CALL (shmdt, at), -EINVAL);
}

/* li a0, N; ret */
static void
test_code (void)
{
  long page = map (0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, 0);
  volatile uint32_t *code = (uint32_t *)page;
  for (uint32_t n = 1; n < 40; n++) {
    code[0] = n << 20 | 0x513;
    code[1] = 0x8067;
    if (n & 1)
      __asm__ volatile ("fence.i" ::: "memory");
    else if (CALL (riscv_flush_icache, page, page + 8, 0))
      CHECK (!"flush_icache");
    CHECK_EQ (((int (*) (void))page) (), n);
  }
}

int
guest_main (int argc, char **argv, char **envp)
{
  test_map ();
  test_mremap ();
  test_brk ();
  test_shm ();
  test_code ();
  return check_end ();
}
