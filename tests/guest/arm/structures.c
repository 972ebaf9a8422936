/* SPDX-License-Identifier: GPL-3.0-or-later */

/* LD1 to LD4 and ST1 to ST4: each form is held against a loop over bytes. */

#include "test.h"

typedef struct {
  uint8_t b[4][16];
} Vectors;

static uint8_t memory[80] __attribute__ ((aligned (16)));

static void
fill (void *to, unsigned size)
{
  for (unsigned i = 0; i < size; i++)
    ((uint8_t *)to)[i] = (uint8_t)next_random ();
}

static void
check_same (const void *x, const void *y, unsigned size, unsigned line)
{
  for (unsigned i = 0; i < size; i++)
    if (((const uint8_t *)x)[i] != ((const uint8_t *)y)[i])
      fail (line, "unlike the loop");
}

/* V30, V31, V0 and V1, so that numbers wrap. */
#define GET "ld1 {v30.16b, v31.16b, v0.16b, v1.16b}, [%1]\n"
#define PUT "st1 {v30.16b, v31.16b, v0.16b, v1.16b}, [%1]\n"
#define RUN(insn)                                                                                            \
  {                                                                                                          \
    uint8_t *at = memory;                                                                                    \
    asm volatile (GET insn PUT : "+r"(at) : "r"(&got), "r"(32l) : "v30", "v31", "v0", "v1", "memory");       \
    moved = (unsigned)(at - memory);                                                                         \
  }

/* Structures of `elements` elements of `size` bytes, in n registers of `bytes`. */
static void
load_by_loop (Vectors *to, unsigned n, unsigned elements, unsigned size, unsigned bytes)
{
  for (unsigned i = 0; i < n; i++)
    for (unsigned k = 0; k < 16; k++)
      to->b[i][k] = 0;
  for (unsigned i = 0; i < n * bytes; i++) {
    unsigned element = i / size, reg = elements > 1 ? element % n : i / bytes;
    unsigned byte = elements > 1 ? element / n * size + i % size : i % bytes;
    to->b[reg][byte] = memory[i];
  }
}

static void
store_by_loop (uint8_t *to, const Vectors *from, unsigned n, unsigned elements, unsigned size, unsigned bytes)
{
  for (unsigned i = 0; i < n * bytes; i++) {
    unsigned element = i / size, reg = elements > 1 ? element % n : i / bytes;
    unsigned byte = elements > 1 ? element / n * size + i % size : i % bytes;
    to[i] = from->b[reg][byte];
  }
}

#define CHECK_MULTIPLE(insn, list, n, elements, size, bytes)                                                 \
  {                                                                                                          \
    Vectors got, want;                                                                                       \
    uint8_t stored[sizeof memory];                                                                           \
    unsigned moved;                                                                                          \
    fill (&got, sizeof got);                                                                                 \
    fill (memory, sizeof memory);                                                                            \
    want = got;                                                                                              \
    load_by_loop (&want, n, elements, size, bytes);                                                          \
    RUN ("ld" insn " {" list "}, [%0]\n")                                                                    \
    check_same (&got, &want, sizeof got, __LINE__);                                                          \
    CHECK (moved == 0);                                                                                      \
    fill (memory, sizeof memory);                                                                            \
    load_by_loop (&want, n, elements, size, bytes);                                                          \
    RUN ("ld" insn " {" list "}, [%0], %2\n")                                                                \
    check_same (&got, &want, sizeof got, __LINE__);                                                          \
    CHECK (moved == 32);                                                                                     \
    fill (&got, sizeof got);                                                                                 \
    memcpy (stored, memory, sizeof memory);                                                                  \
    store_by_loop (stored, &got, n, elements, size, bytes);                                                  \
    RUN ("st" insn " {" list "}, [%0], #" #n "*" #bytes "\n")                                                \
    check_same (memory, stored, sizeof memory, __LINE__);                                                    \
    CHECK (moved == n * bytes);                                                                              \
  }

#define L1(t) "v30." t
#define L2(t) "v30." t ", v31." t
#define L3(t) "v30." t ", v31." t ", v0." t
#define L4(t) "v30." t ", v31." t ", v0." t ", v1." t
#define CHECK_SAME(t, size, bytes)                                                                           \
  CHECK_MULTIPLE ("1", L1 (t), 1, 1, size, bytes)                                                            \
  CHECK_MULTIPLE ("1", L2 (t), 2, 1, size, bytes)                                                            \
  CHECK_MULTIPLE ("1", L3 (t), 3, 1, size, bytes)                                                            \
  CHECK_MULTIPLE ("1", L4 (t), 4, 1, size, bytes)
#define CHECK_APART(t, size, bytes)                                                                          \
  CHECK_MULTIPLE ("2", L2 (t), 2, 2, size, bytes)                                                            \
  CHECK_MULTIPLE ("3", L3 (t), 3, 3, size, bytes)                                                            \
  CHECK_MULTIPLE ("4", L4 (t), 4, 4, size, bytes)

static void
check_same_order (void)
{
  CHECK_SAME ("16b", 1, 16)
  CHECK_SAME ("8b", 1, 8)
  CHECK_SAME ("8h", 2, 16)
  CHECK_SAME ("2s", 4, 8)
  CHECK_SAME ("2d", 8, 16)
  CHECK_SAME ("1d", 8, 8)
}

static void
check_bytes_and_halves (void)
{
  CHECK_APART ("16b", 1, 16)
  CHECK_APART ("8b", 1, 8)
  CHECK_APART ("8h", 2, 16)
  CHECK_APART ("4h", 2, 8)
}

static void
check_words (void)
{
  CHECK_APART ("4s", 4, 16)
  CHECK_APART ("2s", 4, 8)
  CHECK_APART ("2d", 8, 16)
}

/* ---- One structure: to a lane, from a lane, to all lanes. ---- */

#define CHECK_LANE(insn, list, n, size, lane)                                                                \
  {                                                                                                          \
    Vectors got, want;                                                                                       \
    unsigned moved;                                                                                          \
    fill (&got, sizeof got);                                                                                 \
    fill (memory, sizeof memory);                                                                            \
    want = got;                                                                                              \
    for (unsigned i = 0; i < n * size; i++)                                                                  \
      want.b[i / size][lane * size + i % size] = memory[i];                                                  \
    RUN ("ld" insn " {" list "}[" #lane "], [%0], #" #n "*" #size "\n")                                      \
    check_same (&got, &want, sizeof got, __LINE__);                                                          \
    CHECK (moved == n * size);                                                                               \
    fill (memory, sizeof memory);                                                                            \
    uint8_t stored[sizeof memory];                                                                           \
    memcpy (stored, memory, sizeof memory);                                                                  \
    for (unsigned i = 0; i < n * size; i++)                                                                  \
      stored[i] = got.b[i / size][lane * size + i % size];                                                   \
    RUN ("st" insn " {" list "}[" #lane "], [%0], %2\n")                                                     \
    check_same (memory, stored, sizeof memory, __LINE__);                                                    \
    CHECK (moved == 32);                                                                                     \
  }
#define CHECK_LANES(t, size, lane)                                                                           \
  CHECK_LANE ("1", L1 (t), 1, size, lane)                                                                    \
  CHECK_LANE ("2", L2 (t), 2, size, lane)                                                                    \
  CHECK_LANE ("3", L3 (t), 3, size, lane)                                                                    \
  CHECK_LANE ("4", L4 (t), 4, size, lane)

static void
check_lanes (void)
{
  CHECK_LANES ("b", 1, 0)
  CHECK_LANES ("b", 1, 7)
  CHECK_LANES ("b", 1, 13)
  CHECK_LANES ("h", 2, 3)
  CHECK_LANES ("h", 2, 6)
  CHECK_LANES ("s", 4, 1)
  CHECK_LANES ("s", 4, 2)
  CHECK_LANES ("d", 8, 0)
  CHECK_LANES ("d", 8, 1)
}

#define CHECK_ALL(insn, list, n, size, bytes)                                                                \
  {                                                                                                          \
    Vectors got, want;                                                                                       \
    unsigned moved;                                                                                          \
    fill (&got, sizeof got);                                                                                 \
    fill (memory, sizeof memory);                                                                            \
    want = got;                                                                                              \
    for (unsigned i = 0; i < n * 16; i++)                                                                    \
      want.b[i / 16][i % 16] = i % 16 < bytes ? memory[i / 16 * size + i % size] : 0;                        \
    RUN ("ld" insn "r {" list "}, [%0], #" #n "*" #size "\n")                                                \
    check_same (&got, &want, sizeof got, __LINE__);                                                          \
    CHECK (moved == n * size);                                                                               \
  }
#define CHECK_ALL_LANES(t, size, bytes)                                                                      \
  CHECK_ALL ("1", L1 (t), 1, size, bytes)                                                                    \
  CHECK_ALL ("2", L2 (t), 2, size, bytes)                                                                    \
  CHECK_ALL ("3", L3 (t), 3, size, bytes)                                                                    \
  CHECK_ALL ("4", L4 (t), 4, size, bytes)

static void
check_all_lanes (void)
{
  CHECK_ALL_LANES ("16b", 1, 16)
  CHECK_ALL_LANES ("8b", 1, 8)
  CHECK_ALL_LANES ("8h", 2, 16)
  CHECK_ALL_LANES ("4h", 2, 8)
  CHECK_ALL_LANES ("4s", 4, 16)
  CHECK_ALL_LANES ("2s", 4, 8)
  CHECK_ALL_LANES ("2d", 8, 16)
  CHECK_ALL_LANES ("1d", 8, 8)
}

int
main (void)
{
  for (unsigned i = 0; i < 4; i++) {
    check_same_order ();
    check_bytes_and_halves ();
    check_words ();
    check_lanes ();
    check_all_lanes ();
  }
  return 0;
}
