/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Address translation and physical memory protection. */

#include "machine.h"

enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
#define N       (UINT64_C (1) << 63)
#define PBMT(n) ((uint64_t)(n) << 61)
#define PAGE    UINT64_C (0x1000)
#define DATA    (RAM_BASE + UINT64_C (0x200000)) /* a page of plain memory, aligned for two levels */
#define FAULT   UINT64_MAX
enum { PERM_R = 1 << CPU_READ, PERM_W = 1 << CPU_WRITE, PERM_X = 1 << CPU_EXEC };

static uint64_t
pte (uint64_t phys, uint64_t bits)
{
  return phys >> 12 << 10 | bits;
}

static unsigned
mode_of (unsigned levels)
{
  return levels == 2 ? 1 : levels + 5;
}

/* Table n of the walk: the root is 0. */
static uint64_t
table (unsigned n)
{
  return TABLES + n * PAGE;
}

/* Maps vaddr by an entry at `level`, the tables above it being those of the walk, one each; returns its
 * address. */
static uint64_t
map (Machine *m, unsigned levels, uint64_t vaddr, unsigned level, uint64_t entry)
{
  unsigned bits = levels == 2 ? 10 : 9, size = levels == 2 ? 4 : 8;

  for (unsigned i = levels; i-- > level;) {
    uint64_t at = table (levels - 1 - i) + (vaddr >> (12 + i * bits) & ((1u << bits) - 1)) * size;
    ram_set (m, at, size, i == level ? entry : pte (table (levels - i), V));
    if (i == level)
      return at;
  }
  g_assert_not_reached ();
}

static void
use_tables (Machine *m, unsigned levels)
{
  uint64_t ppn = TABLES >> 12;

  csr_set (m, CSR_satp, levels == 2 ? 1u << 31 | ppn : (uint64_t)mode_of (levels) << 60 | ppn);
}

/* The physical address, or FAULT with the cause checked. */
static uint64_t
translate (Machine *m, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  static const uint8_t page[] = { 13, 15, 12 };

  if (m->isa->translate (m->cpu, vaddr, access, ret))
    return ret->phys;
  g_assert_cmphex (m->s->fault.addr, ==, vaddr);
  g_assert_cmpuint (m->rv->trap_cause, ==, page[access]);
  return FAULT;
}

static void
test_levels (void)
{
  for (unsigned levels = 2; levels <= 5; levels++) {
    g_autoptr (Machine) m = machine_new (levels == 2 ? 32 : 64, NULL);
    unsigned bits = levels == 2 ? 10 : 9;
    use_tables (m, levels);
    g_assert_cmpuint (csr_get (m, CSR_satp) & 0xffff, ==, TABLES >> 12 & 0xffff);
    go_to (m, RV_PRIV_S);
    for (unsigned level = 0; level < levels; level++) {
      unsigned log2_size = 12 + level * bits;
      uint64_t phys = log2_size < 32 ? RAM_BASE >> log2_size << log2_size : 0;
      /* The highest and the lowest half of the address space. */
      for (unsigned high = 0; high < 2; high++) {
        uint64_t top = levels == 2 ? 32 : 12 + levels * 9,
                 vaddr = UINT64_C (0x123456789a) & ((UINT64_C (1) << (top - 1)) - 1);
        CpuTranslation t;
        uint64_t debug;
        if (high)
          vaddr |= levels == 2 ? UINT64_C (0x80000000) : UINT64_MAX << (top - 1);
        uint64_t at = map (m, levels, vaddr, level, pte (phys, V | R | W | X | A | D));
        uint64_t want = phys | (vaddr & ((UINT64_C (1) << log2_size) - 1));
        for (CpuAccess access = CPU_READ; access <= CPU_EXEC; access++) {
          g_assert_cmphex (translate (m, vaddr, access, &t), ==, want);
          g_assert_cmpuint (t.log2_size, ==, log2_size);
          g_assert_cmphex (t.prot, ==, PERM_R | PERM_W | PERM_X);
          g_assert_false (t.once);
        }
        g_assert_true (m->isa->translate_debug (m->cpu, vaddr, &debug));
        g_assert_cmphex (debug, ==, want);
        /* Addresses that are not canonical. */
        if (levels > 2)
          g_assert_cmphex (translate (m, vaddr ^ UINT64_C (1) << 63, CPU_READ, &t), ==, FAULT);
        if (levels > 2 && levels < 5)
          g_assert_cmphex (translate (m, vaddr ^ UINT64_C (1) << top, CPU_READ, &t), ==, FAULT);
        /* A misaligned superpage. */
        if (level > 0) {
          ram_set (m, at, levels == 2 ? 4 : 8, pte (phys + PAGE, V | R | W | X | A | D));
          g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, FAULT);
        }
      }
    }
  }
}

static void
test_bad_entries (void)
{
  static const uint64_t leaves[] = { 0,
                                     R | A,
                                     V | W | A | D,
                                     V | W | X | A | D,
                                     V | R | A | UINT64_C (1) << 54,
                                     V | R | A | UINT64_C (1) << 60,
                                     V | R | A | PBMT (3),
                                     N | V | R | A };
  static const uint64_t pointers[] = { V | A, V | D, V | U, V | N, V | PBMT (1), V | UINT64_C (1) << 57, 0 };
  const uint64_t vaddr = 0x40201000;
  g_autoptr (Machine) m = machine_new (64, NULL);
  CpuTranslation t;

  csr_set (m, CSR_menvcfg, ENVCFG_PBMTE);
  use_tables (m, 3);
  go_to (m, RV_PRIV_S);
  for (unsigned i = 0; i < G_N_ELEMENTS (leaves); i++) {
    map (m, 3, vaddr, 0, pte (DATA, leaves[i]));
    g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, FAULT);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (pointers); i++) {
    map (m, 3, vaddr, 0, pte (DATA, V | R | A));
    g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, DATA);
    map (m, 3, vaddr, 1, pte (table (2), pointers[i]));
    g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, FAULT);
  }
  /* A pointer at the last level. */
  map (m, 3, vaddr, 0, pte (DATA, V));
  g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, FAULT);
  /* A table where nothing is: an access fault. */
  map (m, 3, vaddr, 1, pte (0x1000, V));
  g_assert_false (m->isa->translate (m->cpu, vaddr, CPU_WRITE, &t));
  g_assert_cmpuint (m->rv->trap_cause, ==, 7);
  g_assert_cmphex (m->s->fault.addr, ==, vaddr);
}

/* The whole matrix of privilege, entry, SUM and MXR. */
static void
test_permissions (void)
{
  const uint64_t vaddr = 0x7000;
  g_autoptr (Machine) m = machine_new (64, NULL);

  use_tables (m, 3);
  for (unsigned bits = 0; bits < 16; bits++) {
    bool r = bits & 1, w = bits & 2, x = bits & 4, u = bits & 8;
    if ((w && !r) || (!r && !w && !x))
      continue;
    map (m, 3, vaddr, 0, pte (DATA, V | A | D | (r ? R : 0) | (w ? W : 0) | (x ? X : 0) | (u ? U : 0)));
    for (unsigned state = 0; state < 16; state++) {
      RiscvPriv priv = state & 1 ? RV_PRIV_S : RV_PRIV_U;
      bool sum = state & 2, mxr = state & 4, mprv = state & 8;
      uint64_t mstatus = (sum ? MSTATUS_SUM : 0) | (mxr ? MSTATUS_MXR : 0);
      CpuTranslation t;
      if (mprv)
        mstatus |= MSTATUS_MPRV | (uint64_t)priv << MSTATUS_MPP_SHIFT;
      csr_set (m, CSR_mstatus, mstatus);
      go_to (m, mprv ? RV_PRIV_M : priv);
      bool data = u ? priv == RV_PRIV_U || sum : priv == RV_PRIV_S;
      unsigned want = (data && (r || (x && mxr)) ? PERM_R : 0) | (data && w ? PERM_W : 0) |
                      (x && u == (priv == RV_PRIV_U) ? PERM_X : 0);
      for (CpuAccess access = CPU_READ; access <= CPU_EXEC; access++) {
        if (mprv && access == CPU_EXEC) { /* M mode's own */
          g_assert_cmphex (translate (m, DATA, access, &t), ==, DATA);
          g_assert_cmphex (t.prot, ==, PERM_X);
          continue;
        }
        g_assert_cmphex (translate (m, vaddr, access, &t), ==, want >> access & 1 ? DATA : FAULT);
        if (want >> access & 1)
          g_assert_cmphex (t.prot, ==, mprv ? want & ~PERM_X : want);
      }
      go_to (m, RV_PRIV_M);
    }
  }
}

/* What a translation depends on, the key of its space must tell apart; and nothing else should. */
static void
test_spaces (void)
{
  g_autoptr (Machine) m = machine_new (64, NULL);
  CpuSpaceKey bare = m->isa->space (m->cpu);

  g_assert_cmphex (bare.root, ==, 0);
  use_tables (m, 3);
  CpuSpaceKey still = m->isa->space (m->cpu);
  g_assert_true (still.root == 0 && still.flags == bare.flags);
  csr_set (m, CSR_mstatus, MSTATUS_MPRV);
  CpuSpaceKey lent = m->isa->space (m->cpu);
  g_assert_cmphex (lent.root, ==, csr_get (m, CSR_satp));
  csr_set (m, CSR_mstatus, 0);
  go_to (m, RV_PRIV_S);
  CpuSpaceKey s = m->isa->space (m->cpu);
  csr_set (m, CSR_sstatus, MSTATUS_SUM);
  CpuSpaceKey sum = m->isa->space (m->cpu);
  csr_set (m, CSR_sstatus, MSTATUS_MXR);
  CpuSpaceKey mxr = m->isa->space (m->cpu);
  csr_set (m, CSR_sstatus, 0);
  go_to (m, RV_PRIV_U);
  CpuSpaceKey u = m->isa->space (m->cpu);
  g_assert_true (s.root == u.root && s.flags != u.flags && s.flags != sum.flags && s.flags != mxr.flags);
  g_assert_true (sum.flags != mxr.flags && lent.flags != u.flags && lent.flags != s.flags);
  csr_set (m, CSR_sstatus, MSTATUS_SUM);
  g_assert_cmphex (m->isa->space (m->cpu).flags, ==, u.flags); /* SUM is nothing to U mode */
}

static void
test_accessed_dirty (void)
{
  const uint64_t vaddr = 0x7000;

  for (unsigned levels = 2; levels <= 3; levels++)
    for (unsigned update = 0; update < 2; update++) {
      unsigned size = levels == 2 ? 4 : 8;
      g_autoptr (Machine) m = machine_new (levels == 2 ? 32 : 64, NULL);
      m->rv->menvcfg = update ? ENVCFG_ADUE : 0;
      use_tables (m, levels);
      go_to (m, RV_PRIV_S);
      CpuTranslation t;
      uint64_t at = map (m, levels, vaddr, 0, pte (DATA, V | R | W | X));
      g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, update ? DATA : FAULT);
      g_assert_cmphex (ram_get (m, at, size) & (A | D), ==, update ? A : 0);
      if (update) /* a write is not to be cached before it has set D */
        g_assert_cmphex (t.prot, ==, PERM_R | PERM_X);
      map (m, levels, vaddr, 0, pte (DATA, V | R | W | X | A));
      g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, DATA);
      g_assert_cmphex (t.prot, ==, PERM_R | PERM_X);
      g_assert_cmphex (translate (m, vaddr, CPU_WRITE, &t), ==, update ? DATA : FAULT);
      g_assert_cmphex (ram_get (m, at, size) & (A | D), ==, update ? A | D : A);
      if (update)
        g_assert_cmphex (t.prot, ==, PERM_R | PERM_W | PERM_X);
      /* An access that is refused marks nothing. */
      map (m, levels, vaddr, 0, pte (DATA, V | R));
      g_assert_cmphex (translate (m, vaddr, CPU_WRITE, &t), ==, FAULT);
      g_assert_cmphex (ram_get (m, at, size) & (A | D), ==, 0);
      /* A debugger's look marks nothing either. */
      uint64_t phys;
      g_assert_true (m->isa->translate_debug (m->cpu, vaddr, &phys));
      g_assert_cmphex (ram_get (m, at, size) & (A | D), ==, 0);
    }
}

static void
test_napot_and_pbmt (void)
{
  const uint64_t base = 0x40010000, bits = V | R | W | A | D;
  g_autoptr (Machine) m = machine_new (64, NULL), without = machine_new (64, "rv64,svnapot=off");
  CpuTranslation t;

  use_tables (m, 3);
  go_to (m, RV_PRIV_S);
  for (unsigned i = 0; i < 16; i++) {
    uint64_t vaddr = base + i * PAGE + 0x123;
    map (m, 3, vaddr, 0, N | pte (DATA + 0x8000, bits));
    g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, DATA + i * PAGE + 0x123);
    g_assert_cmpuint (t.log2_size, ==, 16);
  }
  map (m, 3, base, 0, N | pte (DATA + 0x4000, bits)); /* another size */
  g_assert_cmphex (translate (m, base, CPU_READ, &t), ==, FAULT);
  map (m, 3, base, 1, N | pte (DATA + 0x8000, bits)); /* a superpage */
  g_assert_cmphex (translate (m, base, CPU_READ, &t), ==, FAULT);

  map (m, 3, base, 0, PBMT (1) | pte (DATA, bits));
  g_assert_cmphex (translate (m, base, CPU_READ, &t), ==, FAULT);
  csr_set (m, CSR_menvcfg, ENVCFG_PBMTE);
  g_assert_cmphex (translate (m, base, CPU_READ, &t), ==, DATA);

  use_tables (without, 3);
  go_to (without, RV_PRIV_S);
  map (without, 3, base, 0, N | pte (DATA + 0x8000, bits));
  g_assert_cmphex (translate (without, base, CPU_READ, &t), ==, FAULT);
}

static void
test_fences (void)
{
  const uint64_t vaddr = 0x40001000;
  g_autoptr (Machine) m = machine_new (64, NULL);
  uint32_t load = encode (RV_OP_ld, &(Ops){ .rd = 10, .rs1 = 11 });

  use_tables (m, 3);
  map (m, 3, CODE, 2, pte (RAM_BASE, V | R | W | X | A | D));
  ram_set (m, DATA, 8, 1);
  ram_set (m, DATA + PAGE, 8, 2);
  for (unsigned form = 0; form < 4; form++) {
    uint32_t fence = encode (RV_OP_sfence_vma, &(Ops){ .rs1 = form & 1 ? 11 : 0, .rs2 = form & 2 ? 12 : 0 });
    map (m, 3, vaddr, 0, pte (DATA, V | R | A));
    go_to (m, RV_PRIV_S);
    m->s->var[11] = vaddr;
    m->s->var[12] = 0;
    g_assert_false (execute (m, fence));
    g_assert_false (execute (m, load));
    g_assert_cmphex (m->s->var[10], ==, 1);
    map (m, 3, vaddr, 0, pte (DATA + PAGE, V | R | A));
    g_assert_false (execute (m, fence));
    g_assert_false (execute (m, load));
    g_assert_cmphex (m->s->var[10], ==, 2);
  }
  /* Another address space in between. */
  csr_set (m, CSR_satp, csr_get (m, CSR_satp) | UINT64_C (5) << 44);
  map (m, 3, vaddr, 0, pte (DATA, V | R | A));
  g_assert_false (execute (m, load));
  g_assert_cmphex (m->s->var[10], ==, 1);
  /* Page faults arrive with the address. */
  map (m, 3, vaddr, 0, 0);
  g_assert_false (execute (m, encode (RV_OP_sfence_vma, &(Ops){ 0 })));
  m->s->var[11] = vaddr + 0xffd; /* the first page of two, and the second */
  g_assert_true (execute (m, load));
  g_assert_cmphex (csr_get (m, CSR_mcause), ==, 13);
  g_assert_cmphex (csr_get (m, CSR_mtval), ==, vaddr + 0xffd);
  map (m, 3, vaddr, 0, pte (DATA, V | R | A));
  map (m, 3, vaddr + PAGE, 0, 0);
  go_to (m, RV_PRIV_S);
  g_assert_false (execute (m, encode (RV_OP_sfence_vma, &(Ops){ 0 })));
  g_assert_true (execute (m, load));
  g_assert_cmphex (csr_get (m, CSR_mtval), ==, vaddr + PAGE);
}

/* In compiled code, with calls outstanding: S mode changes an entry, fences in a function, and reads through
 * it. */
static void
test_compiled_fences (void)
{
  enum { A0 = 10, A1, A2, A3, A4, A5, RA = 1 };
  const uint64_t vaddr = 0x40001000, entry = 0x40003000, rounds = 3000;

  for (unsigned interpret = 0; interpret < 2; interpret++) {
    g_autoptr (Machine) m = machine_new (64, NULL);
    m->cpu->interpret = interpret;
    use_tables (m, 3);
    map (m, 3, CODE, 2, pte (RAM_BASE, V | R | W | X | A | D));
    map (m, 3, vaddr, 0, pte (DATA, V | R | A));
    /* The table that the entry is in, to be written by the program. */
    map (m, 3, entry, 0, pte (table (2), V | R | W | A | D));
    ram_set (m, DATA, 8, 1);
    ram_set (m, DATA + PAGE, 8, 2);
    m->s->var[A1] = vaddr;
    m->s->var[A2] = entry + 8; /* of vaddr */
    m->s->var[A3] = rounds;
    m->s->var[A4] = pte (DATA, V | R | A) ^ pte (DATA + PAGE, V | R | A);
    /* loop: a5 = entry ^ a4; entry = a5; call function; a3--; loop until zero */
    append (m, encode (RV_OP_ld, &(Ops){ .rd = A5, .rs1 = A2 }));
    append (m, encode (RV_OP_xor, &(Ops){ .rd = A5, .rs1 = A5, .rs2 = A4 }));
    append (m, encode (RV_OP_sd, &(Ops){ .rs1 = A2, .rs2 = A5 }));
    append (m, encode (RV_OP_jal, &(Ops){ .rd = RA, .imm = 16 }));
    append (m, encode (RV_OP_addi, &(Ops){ .rd = A3, .rs1 = A3, .imm = -1 }));
    append (m, encode (RV_OP_bne, &(Ops){ .rs1 = A3, .imm = -20 }));
    m->code_end += 4; /* ebreak */
    /* function: a0 += the word, before and after another fence */
    append (m, encode (RV_OP_sfence_vma, &(Ops){ .rs1 = A1 }));
    append (m, encode (RV_OP_ld, &(Ops){ .rd = A5, .rs1 = A1 }));
    append (m, encode (RV_OP_add, &(Ops){ .rd = A0, .rs1 = A0, .rs2 = A5 }));
    append (m, encode (RV_OP_sfence_vma, &(Ops){ 0 }));
    append (m, encode (RV_OP_ld, &(Ops){ .rd = A5, .rs1 = A1 }));
    append (m, encode (RV_OP_add, &(Ops){ .rd = A0, .rs1 = A0, .rs2 = A5 }));
    append (m, encode (RV_OP_jalr, &(Ops){ .rs1 = RA }));
    go_to (m, RV_PRIV_S);
    run_to_ebreak (m, 0);
    g_assert_cmphex (m->s->pc, ==, CODE + 24);
    g_assert_cmpuint (m->s->var[A0], ==, rounds / 2 * 2 * 3);
  }
}

/* SUM is opened for one access and closed again, which then is refused, in compiled code too. */
static void
test_compiled_sum (void)
{
  enum { A0 = 10, A1, A2, A3 };
  const uint64_t vaddr = 0x40001000;

  for (unsigned known = 0; known < 2; known++) {
    g_autoptr (Machine) m = machine_new (64, NULL);
    use_tables (m, 3);
    map (m, 3, CODE, 2, pte (RAM_BASE, V | R | W | X | A | D));
    map (m, 3, vaddr, 0, pte (DATA, V | R | U | A));
    ram_set (m, DATA, 8, 1);
    m->s->var[A1] = vaddr;
    m->s->var[A2] = MSTATUS_SUM;
    m->s->var[A3] = 1000;
    append (m, known ? encode (RV_OP_lui, &(Ops){ .rd = A2, .imm = MSTATUS_SUM })
                     : encode (RV_OP_addi, &(Ops){ .rd = 0 }));
    append (m, encode (RV_OP_csrrs, &(Ops){ .rs1 = A2, .csr = CSR_sstatus }));
    append (m, encode (RV_OP_ld, &(Ops){ .rd = 15, .rs1 = A1 }));
    append (m, encode (RV_OP_add, &(Ops){ .rd = A0, .rs1 = A0, .rs2 = 15 }));
    append (m, encode (RV_OP_csrrc, &(Ops){ .rs1 = A2, .csr = CSR_sstatus }));
    append (m, encode (RV_OP_addi, &(Ops){ .rd = A3, .rs1 = A3, .imm = -1 }));
    append (m, encode (RV_OP_bne, &(Ops){ .rs1 = A3, .imm = -24 }));
    append (m, encode (RV_OP_ld, &(Ops){ .rd = A0, .rs1 = A1 }));
    m->code_end = HANDLER_M;
    append (m, encode (RV_OP_csrrs, &(Ops){ .rd = 12, .csr = CSR_mcause }));
    go_to (m, RV_PRIV_S);
    run_to_ebreak (m, 1);
    g_assert_cmpuint (m->s->var[A0], ==, 1000);
    g_assert_cmpuint (m->s->var[12], ==, 13);
    g_assert_cmphex (csr_get (m, CSR_mtval), ==, vaddr);
    g_assert_cmphex (csr_get (m, CSR_mepc), ==, CODE + 28);
  }
}

/* Sets PMP entry n. */
static void
pmp (Machine *m, unsigned n, uint8_t cfg, uint64_t addr)
{
  unsigned number = CSR_pmpcfg + n / 8 * 2, shift = n % 8 * 8;

  csr_set (m, CSR_pmpaddr + n, addr >> 2);
  csr_set (m, number, (csr_get (m, number) & ~(UINT64_C (0xff) << shift)) | (uint64_t)cfg << shift);
}

static bool
permitted (Machine *m, uint64_t phys, CpuAccess access, bool *ret_once)
{
  static const uint8_t causes[] = { 5, 7, 1 };
  CpuTranslation t = { 0 };
  bool ok = m->isa->translate (m->cpu, phys, access, &t);

  *ret_once = t.once;
  if (!ok)
    g_assert_cmpuint (m->rv->trap_cause, ==, causes[access]);
  return ok;
}

static void
test_pmp_matrix (void)
{
  enum { TOR = 1 << 3, NA4 = 2 << 3, NAPOT = 3 << 3, L = 0x80 };
  bool once;

  for (unsigned cfg = 0; cfg < 8; cfg++)
    for (unsigned kind = TOR; kind <= NAPOT; kind += 8)
      for (unsigned locked = 0; locked < 2; locked++)
        for (unsigned priv = 0; priv < 4; priv += priv + 1) {
          g_autoptr (Machine) m = machine_new (64, NULL);
          uint64_t start = DATA, end = kind == NA4 ? start + 4 : start + 0x2000;
          unsigned granted = (cfg & 1 ? PERM_R : 0) | ((cfg & 3) == 3 ? PERM_W : 0) | (cfg & 4 ? PERM_X : 0);
          csr_set (m, CSR_pmpcfg, 0);
          pmp (m, 0, 0, start);
          pmp (m, 1, (uint8_t)(cfg | kind | (locked ? L : 0)),
               kind == TOR     ? end
               : kind == NAPOT ? start | 0xfff
                               : start);
          go_to (m, (RiscvPriv)priv);
          bool free = priv == RV_PRIV_M;
          if (free && !locked)
            granted = PERM_R | PERM_W | PERM_X;
          for (CpuAccess access = CPU_READ; access <= CPU_EXEC; access++) {
            bool want = granted >> access & 1;
            g_assert_true (permitted (m, start, access, &once) == want);
            g_assert_true (permitted (m, end - 1, access, &once) == want);
            if (want)
              g_assert_true (once == (kind == NA4));
            g_assert_true (permitted (m, start - 1, access, &once) == free);
            g_assert_true (permitted (m, end, access, &once) == free);
            if (free)
              g_assert_true (once == (kind == NA4));
          }
        }
}

static void
test_pmp_rules (void)
{
  enum { RWX = 7, TOR = 1 << 3, NA4 = 2 << 3, NAPOT = 3 << 3, L = 0x80 };
  g_autoptr (Machine) m = machine_new (64, NULL);
  bool once;

  /* The lowest entry that matches decides; an entry of no length matches nothing. */
  csr_set (m, CSR_pmpcfg, 0);
  pmp (m, 1, TOR | RWX, 0);
  pmp (m, 2, NAPOT | 1, DATA | 0x7ff);
  pmp (m, 3, NAPOT | RWX, RAM_BASE | (RAM_SIZE / 2 - 1));
  go_to (m, RV_PRIV_U);
  g_assert_true (permitted (m, DATA, CPU_READ, &once) && !once);
  g_assert_false (permitted (m, DATA, CPU_WRITE, &once));
  g_assert_true (permitted (m, DATA + PAGE, CPU_WRITE, &once) && !once);
  g_assert_false (permitted (m, RAM_BASE - 1, CPU_READ, &once));
  /* An entry smaller than a page makes its page one not to be cached. */
  go_to (m, RV_PRIV_M);
  pmp (m, 0, NA4 | 1, DATA + PAGE + 0x800);
  go_to (m, RV_PRIV_U);
  g_assert_true (permitted (m, DATA + PAGE, CPU_WRITE, &once) && once);
  g_assert_false (permitted (m, DATA + PAGE + 0x803, CPU_WRITE, &once));
  g_assert_true (permitted (m, DATA + PAGE + 0x804, CPU_WRITE, &once) && once);
  /* Locked entries stay, and the address below a locked range too. */
  go_to (m, RV_PRIV_M);
  csr_set (m, CSR_pmpaddr + 4, 0x111);
  pmp (m, 5, TOR | L, DATA + 8 * PAGE);
  csr_set (m, CSR_pmpaddr + 5, 0x222);
  csr_set (m, CSR_pmpaddr + 4, 0x333);
  g_assert_cmphex (csr_get (m, CSR_pmpaddr + 5), ==, (DATA + 8 * PAGE) >> 2);
  g_assert_cmphex (csr_get (m, CSR_pmpaddr + 4), ==, 0x111);
  csr_set (m, CSR_pmpcfg, 0);
  g_assert_cmphex (csr_get (m, CSR_pmpcfg), ==, (uint64_t)(TOR | L) << 40);
  /* Without any entry, S and U modes may nothing. */
  m->isa->reset (m->cpu);
  g_assert_true (permitted (m, DATA, CPU_EXEC, &once));
  go_to (m, RV_PRIV_S);
  g_assert_false (permitted (m, DATA, CPU_READ, &once));
}

/* Page tables that S mode may not read are as good as absent, and those it may not write are not marked. */
static void
test_pmp_walk (void)
{
  enum { NAPOT = 3 << 3 };
  const uint64_t vaddr = 0x7000;
  g_autoptr (Machine) m = machine_new (64, NULL);
  CpuTranslation t;

  use_tables (m, 3);
  uint64_t at = map (m, 3, vaddr, 0, pte (DATA, V | R | W));
  csr_set (m, CSR_pmpcfg, 0);
  pmp (m, 1, PMP_ALL, UINT64_MAX);
  pmp (m, 0, NAPOT | 2, table (1) | 0x7ff);
  go_to (m, RV_PRIV_S);
  g_assert_false (m->isa->translate (m->cpu, vaddr, CPU_READ, &t));
  g_assert_cmpuint (m->rv->trap_cause, ==, 5);
  go_to (m, RV_PRIV_M);
  pmp (m, 0, NAPOT | 1, table (2) | 0x7ff);
  go_to (m, RV_PRIV_S);
  g_assert_false (m->isa->translate (m->cpu, vaddr, CPU_WRITE, &t));
  g_assert_cmpuint (m->rv->trap_cause, ==, 7);
  g_assert_cmphex (ram_get (m, at, 8) & (A | D), ==, 0);
  go_to (m, RV_PRIV_M);
  pmp (m, 0, NAPOT | 3, table (2) | 0x7ff);
  go_to (m, RV_PRIV_S);
  g_assert_true (m->isa->translate (m->cpu, vaddr, CPU_WRITE, &t));
  g_assert_cmphex (ram_get (m, at, 8) & (A | D), ==, A | D);
}

/* Opens all of memory by entry 7, for others to be put before it. */
static void
open_pmp (Machine *m)
{
  csr_set (m, CSR_pmpcfg, 0);
  pmp (m, 7, PMP_ALL, UINT64_MAX);
}

/* An access is permitted by one entry, which must match all of its bytes: also where both sides of an edge
 * permit it, and also to M mode. */
static void
test_pmp_straddling_data (void)
{
  enum { A0 = 10, A1, NA4 = 2 << 3, ALL = 7 };
  static const RvOp loads[] = { RV_OP_lb, RV_OP_lh, RV_OP_lw, RV_OP_ld },
                    stores[] = { RV_OP_sb, RV_OP_sh, RV_OP_sw, RV_OP_sd };
  const uint64_t edge = DATA + 0x100;
  g_autoptr (Machine) m = machine_new (64, NULL);

  open_pmp (m);
  pmp (m, 0, NA4 | ALL, edge);
  for (unsigned priv = 0; priv < 4; priv += priv + 1)
    for (unsigned log2 = 0; log2 < 4; log2++)
      for (uint64_t addr = edge - 9; addr < edge + 6; addr++)
        for (unsigned write = 0; write < 2; write++) {
          uint64_t last = addr + (1u << log2) - 1;
          bool inside = addr >= edge && last < edge + 4, ok = inside || last < edge || addr >= edge + 4;
          uint32_t insn = write ? encode (stores[log2], &(Ops){ .rs1 = A1, .rs2 = A0 })
                                : encode (loads[log2], &(Ops){ .rd = A0, .rs1 = A1 });
          ram_set (m, edge - 16, 8, 0);
          ram_set (m, edge - 8, 8, 0);
          ram_set (m, edge, 8, 0);
          ram_set (m, edge + 8, 8, 0);
          go_to (m, (RiscvPriv)priv);
          m->s->var[A0] = UINT64_MAX;
          m->s->var[A1] = addr;
          g_assert_true (execute (m, insn) == !ok);
          if (!ok) {
            g_assert_cmpuint (csr_get (m, CSR_mcause), ==, write ? 7 : 5);
            g_assert_cmphex (csr_get (m, CSR_mtval), ==, addr);
          }
          g_assert_cmphex (ram_get (m, addr, 1), ==, ok && write ? 0xff : 0);
          g_assert_cmphex (ram_get (m, last, 1), ==, ok && write ? 0xff : 0);
        }
}

static void
test_pmp_straddling_atomics (void)
{
  enum { A0 = 10, A1, NA4 = 2 << 3, ALL = 7 };
  g_autoptr (Machine) m = machine_new (64, NULL);

  open_pmp (m);
  pmp (m, 0, NA4 | ALL, DATA + 0x100);
  m->s->var[A1] = DATA + 0x100;
  g_assert_false (execute (m, encode (RV_OP_amoadd_w, &(Ops){ .rd = A0, .rs1 = A1, .rs2 = A0 })));
  g_assert_false (execute (m, encode (RV_OP_lr_w, &(Ops){ .rd = A0, .rs1 = A1 })));
  g_assert_true (execute (m, encode (RV_OP_amoadd_d, &(Ops){ .rd = A0, .rs1 = A1, .rs2 = A0 })));
  g_assert_cmpuint (csr_get (m, CSR_mcause), ==, 7);
  g_assert_cmphex (csr_get (m, CSR_mtval), ==, DATA + 0x100);
  g_assert_true (execute (m, encode (RV_OP_lr_d, &(Ops){ .rd = A0, .rs1 = A1 })));
  /* Two pages are two accesses. */
  pmp (m, 0, 3 << 3 | ALL, DATA | 0x7ff);
  m->s->var[A1] = DATA + 0xffc;
  g_assert_false (execute (m, encode (RV_OP_ld, &(Ops){ .rd = A0, .rs1 = A1 })));
}

/* Compiled code that has long been reading beside the edge does not read over it. */
static void
test_pmp_straddling_compiled (void)
{
  enum { A0 = 10, A1, A2, A3, NA4 = 2 << 3 };

  for (unsigned write = 0; write < 2; write++) {
    g_autoptr (Machine) m = machine_new (64, NULL);
    open_pmp (m);
    pmp (m, 0, NA4 | 7, DATA + 0x100);
    m->s->var[A1] = DATA + 0x104;
    m->s->var[A2] = DATA + 0xfc;
    m->s->var[A3] = 1000;
    append (m, write ? encode (RV_OP_sd, &(Ops){ .rs1 = A1, .rs2 = A3 })
                     : encode (RV_OP_ld, &(Ops){ .rd = A0, .rs1 = A1 }));
    append (m, encode (RV_OP_addi, &(Ops){ .rd = A3, .rs1 = A3, .imm = -1 }));
    append (m, encode (RV_OP_bne, &(Ops){ .rs1 = A3, .imm = -8 }));
    append (m, write ? encode (RV_OP_sd, &(Ops){ .rs1 = A1, .rs2 = A3, .imm = -8 })
                     : encode (RV_OP_ld, &(Ops){ .rd = A0, .rs1 = A1, .imm = -8 }));
    m->code_end = HANDLER_M;
    append (m, encode (RV_OP_csrrs, &(Ops){ .rd = A2, .csr = CSR_mcause }));
    go_to (m, RV_PRIV_U);
    run_to_ebreak (m, 1);
    g_assert_cmpuint (m->s->var[A2], ==, write ? 7 : 5);
    g_assert_cmphex (csr_get (m, CSR_mtval), ==, DATA + 0xfc);
    g_assert_cmphex (csr_get (m, CSR_mepc), ==, CODE + 12);
  }
}

/* An instruction is fetched in parcels of two bytes, each of which must be permitted. */
static void
test_pmp_straddling_fetch (void)
{
  enum { A3 = 13, NA4 = 2 << 3 };
  const uint32_t insn = encode (RV_OP_addi, &(Ops){ .rd = A3, .rs1 = A3, .imm = 1 });

  for (unsigned form = 0; form < 16; form++) {
    const bool interpret = form & 1, inside = form & 2, executable = form & 4, misaligned = form & 8;
    const uint64_t edge = CODE + 0x200, entry = inside ? edge + 4 : edge;
    uint64_t pc = edge - 16 - (misaligned ? 2 : 0), refused = misaligned ? edge - 2 : edge;
    g_autoptr (Machine) m = machine_new (64, NULL);
    m->cpu->interpret = interpret;
    open_pmp (m);
    /* The four bytes after the edge, or those after them. */
    pmp (m, 0, NA4 | 3 | (executable ? 4 : 0), entry);
    for (uint64_t at = pc; at < edge + 32; at += 4)
      ram_set (m, at, 4, insn);
    ram_set (m, edge + 32 - (misaligned ? 2 : 0), 4, 0x00100073); /* ebreak */
    ram_set (m, HANDLER_M, 4, 0x00100073);
    go_to (m, RV_PRIV_S);
    m->s->pc = pc;
    m->s->var[A3] = 0;
    run_to_ebreak (m, executable ? 0 : 1);
    if (executable) {
      g_assert_cmpuint (m->s->var[A3], ==, 12);
      continue;
    }
    refused += inside ? 4 : 0;
    g_assert_cmpuint (csr_get (m, CSR_mcause), ==, 1);
    g_assert_cmphex (csr_get (m, CSR_mepc), ==, refused);
    g_assert_cmphex (csr_get (m, CSR_mtval), ==, entry);
    g_assert_cmpuint (m->s->var[A3], ==, (refused - pc) / 4);
  }
}

/* An entry of a page table too is read as a whole. */
static void
test_pmp_straddling_walk (void)
{
  enum { NA4 = 2 << 3 };
  const uint64_t vaddr = 0x7000;
  g_autoptr (Machine) m = machine_new (64, NULL);
  CpuTranslation t;

  use_tables (m, 3);
  uint64_t at = map (m, 3, vaddr, 0, pte (DATA, V | R | W));
  for (unsigned half = 0; half < 8; half += 4) {
    go_to (m, RV_PRIV_M);
    open_pmp (m);
    pmp (m, 0, NA4 | 7, at + half);
    go_to (m, RV_PRIV_S);
    g_assert_false (m->isa->translate (m->cpu, vaddr, CPU_READ, &t));
    g_assert_cmpuint (m->rv->trap_cause, ==, 5);
  }
  go_to (m, RV_PRIV_M);
  pmp (m, 0, NA4 | 7, at + 8);
  go_to (m, RV_PRIV_S);
  g_assert_true (m->isa->translate (m->cpu, vaddr, CPU_READ, &t));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/riscv/mmu/levels", test_levels);
  g_test_add_func ("/riscv/mmu/bad-entries", test_bad_entries);
  g_test_add_func ("/riscv/mmu/permissions", test_permissions);
  g_test_add_func ("/riscv/mmu/spaces", test_spaces);
  g_test_add_func ("/riscv/mmu/accessed-dirty", test_accessed_dirty);
  g_test_add_func ("/riscv/mmu/napot-and-pbmt", test_napot_and_pbmt);
  g_test_add_func ("/riscv/mmu/fences", test_fences);
  g_test_add_func ("/riscv/mmu/compiled-fences", test_compiled_fences);
  g_test_add_func ("/riscv/mmu/compiled-sum", test_compiled_sum);
  g_test_add_func ("/riscv/mmu/pmp-matrix", test_pmp_matrix);
  g_test_add_func ("/riscv/mmu/pmp-rules", test_pmp_rules);
  g_test_add_func ("/riscv/mmu/pmp-walk", test_pmp_walk);
  g_test_add_func ("/riscv/mmu/pmp-straddling-data", test_pmp_straddling_data);
  g_test_add_func ("/riscv/mmu/pmp-straddling-atomics", test_pmp_straddling_atomics);
  g_test_add_func ("/riscv/mmu/pmp-straddling-compiled", test_pmp_straddling_compiled);
  g_test_add_func ("/riscv/mmu/pmp-straddling-fetch", test_pmp_straddling_fetch);
  g_test_add_func ("/riscv/mmu/pmp-straddling-walk", test_pmp_straddling_walk);
  return g_test_run ();
}
