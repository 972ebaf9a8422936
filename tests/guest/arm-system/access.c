/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Alignment of data: what SCTLR_EL1.A asks for, what exclusive and ordered accesses ask for always, and what
 * memory asks for without translation. */

#include "bare.h"
#include "paging.h"

#define VA         0x4000000000ul
#define SCTLR_A    (1ul << 1)
#define ROUNDS     120 /* long enough for code that runs often to be compiled once more */
#define DATA_ABORT (0x25ul << 26 | 1ul << 25)
#define ALIGNMENT  0x21ul
#define ISS_WRITE  (1ul << 6)

static uint64_t page[512] __attribute__ ((aligned (4096)));

#define AT(name, insn)                                                                                       \
  static void name (uint64_t at)                                                                             \
  {                                                                                                          \
    __asm__ volatile (".arch_extension simd\n mov x9, %0\n mov x2, #0\n mov x3, #0\n" insn ::"r"(at)         \
                      : "x1", "x2", "x3", "x9", "memory");                                                   \
  }
AT (load_64, "ldr x1, [x9]")
AT (store_16, "strh w1, [x9]")
AT (load_byte, "ldrb w1, [x9]")
AT (store_pair, "stp w1, w2, [x9]")
AT (load_vector, "ldr q0, [x9]")
AT (store_half, "str h0, [x9]")
AT (structures_8, "ld1 {v0.16b, v1.16b}, [x9]")
AT (structures_16, "ld1 {v0.8h}, [x9]")
AT (structures_32, "st4 {v0.4s, v1.4s, v2.4s, v3.4s}, [x9]")
AT (structures_64, "ld2 {v0.2d, v1.2d}, [x9], #32")
AT (structures_3, "st3 {v0.8b, v1.8b, v2.8b}, [x9]")
AT (lane_8, "st1 {v0.b}[3], [x9]")
AT (lane_16, "ld1 {v0.h}[5], [x9]")
AT (lane_64, "st2 {v0.d, v1.d}[1], [x9]")
AT (all_lanes, "ld1r {v0.4s}, [x9]")
AT (exclusive_16, "ldxrh w1, [x9]")
AT (exclusive_64, "ldaxr x1, [x9]")
AT (exclusive_pair, "ldxp x1, x2, [x9]")
AT (acquire, "ldar w1, [x9]")
AT (release, "stlr x1, [x9]")
AT (release_16, "stlrh w1, [x9]")
AT (swap, "swp x1, x2, [x9]")
AT (compare, "cas w1, w2, [x9]")

typedef struct {
  void (*run) (uint64_t at);
  unsigned unit; /* what an address is a multiple of */
  uint64_t iss;
  bool always, either; /* with SCTLR_EL1.A = 0 as well; WnR may be 0 or 1 */
} Access;
static const Access accesses[] = {
  { load_64, 8, 0, false, false },
  { store_16, 2, ISS_WRITE, false, false },
  { load_byte, 1, 0, false, false },
  { store_pair, 4, ISS_WRITE, false, false },
  { load_vector, 16, 0, false, false },
  { store_half, 2, ISS_WRITE, false, false },
  { structures_8, 1, 0, false, false },
  { structures_16, 2, 0, false, false },
  { structures_32, 4, ISS_WRITE, false, false },
  { structures_64, 8, 0, false, false },
  { structures_3, 1, ISS_WRITE, false, false },
  { lane_8, 1, ISS_WRITE, false, false },
  { lane_16, 2, 0, false, false },
  { lane_64, 8, ISS_WRITE, false, false },
  { all_lanes, 4, 0, false, false },
  { exclusive_16, 2, 0, true, false },
  { exclusive_64, 8, 0, true, false },
  { exclusive_pair, 16, 0, true, false },
  { acquire, 4, 0, true, false },
  { release, 8, ISS_WRITE, true, false },
  { release_16, 2, ISS_WRITE, true, false },
  { swap, 8, 0, true, true },
  { compare, 4, 0, true, true },
};
#define N(array) (sizeof (array) / sizeof *(array))

static void
check_access (const Access *a, uint64_t at, bool faults)
{
  uint64_t before = traps[0].count;
  a->run (at);
  CHECK_EQUAL (traps[0].count - before, faults);
  if (!faults)
    return;
  CHECK_EQUAL (traps[0].esr & ~(a->either ? ISS_WRITE : 0), DATA_ABORT | ALIGNMENT | a->iss);
  CHECK_EQUAL (traps[0].far, at);
}

/* `strict`: Device memory or SCTLR_EL1.A. With FEAT_LSE2 ordered accesses inside of 16 bytes may be
 * misaligned: these reach out of them. */
static void
check_all (uint64_t base, bool strict)
{
  for (unsigned round = 0; round < ROUNDS; round++)
    for (unsigned i = 0; i < N (accesses); i++) {
      const Access *a = &accesses[i];
      check_access (a, base + 64, false);
      check_access (a, base + 64 + a->unit, false);
      check_access (a, base + 64 + 15, a->unit > 1 && (strict || a->always));
    }
}

static void
map (uint64_t flags)
{
  paging_map (VA, (uint64_t)page | PAGE_EL1 | flags);
  dsb ();
  tlbi (vae1, VA >> 12);
}

void
test_main (void)
{
  /* Without translation all is Device memory. */
  check_all ((uint64_t)page, true);
  paging_on ();
  map (0);
  check_all (VA, false);
  sysreg_write (sctlr_el1, sysreg_read (sctlr_el1) | SCTLR_A);
  check_all (VA, true);
  sysreg_write (sctlr_el1, sysreg_read (sctlr_el1) & ~SCTLR_A);
  check_all (VA, false);
}
