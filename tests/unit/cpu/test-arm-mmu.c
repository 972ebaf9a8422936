/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Address translation of Arm machines: tables in a small memory, held against what the manual says of them.
 */

#include "arm-bits.h"
#include "arm-sysreg.h"
#include "arm-walk.h"

#include <string.h>

#define RAM_BASE  UINT64_C (0x40000000)
#define RAM_SIZE  UINT64_C (0x400000)
#define TABLES    RAM_BASE /* of stage 1, 64 KiB each */
#define TABLES2   (RAM_BASE + UINT64_C (0x200000))
#define TABLE_MAX UINT64_C (0x10000)
#define FAULT     UINT64_MAX
#define OUTPUT    UINT64_C (0xabcd00000000) /* a physical address, a multiple of most blocks */

enum { PERM_R = 1 << CPU_READ, PERM_W = 1 << CPU_WRITE, PERM_X = 1 << CPU_EXEC };
#define AF    ARM_BIT (10)
#define NG    ARM_BIT (11)
#define AP(n) ((uint64_t)(n) << 6)
#define DBM   ARM_BIT (51)
#define PXN   ARM_BIT (53)
#define UXN   ARM_BIT (54)

typedef struct {
  Cpu *cpu;
  ArmCpu *arm;
  MemoryMap *map;
  MemoryRegion ram;
} Machine;

static Machine *
machine_new (const char *model, bool el2, bool el3)
{
  Machine *m = g_new0 (Machine, 1);
  m->cpu = cpu_new (arm_system_isa (), model, NULL);
  m->arm = ARM_CPU (m->cpu);
  m->map = memory_map_new (52);
  m->ram = (MemoryRegion){ .name = "ram", .kind = MEMORY_RAM, .size = RAM_SIZE };
  m->ram.ram = ram_block_new ("ram", RAM_SIZE, NULL);
  memory_region_map (m->map, &m->ram, RAM_BASE);
  cpu_system_init (m->cpu, m->map);
  arm_cpu_configure (m->cpu, &(ArmMachineConfig){ .el2 = el2, .el3 = el3 });
  arm_reset (m->cpu);
  return m;
}

static void
machine_free (Machine *m)
{
  arm_cpu_detach (m->cpu);
  cpu_free (m->cpu);
  memory_region_unmap (&m->ram);
  ram_block_free (m->ram.ram);
  memory_map_free (m->map);
  g_free (m);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Machine, machine_free)

static void
set (Machine *m, ArmSysregId id, uint64_t value)
{
  arm_sysreg_write (m->arm, id, value);
}

/* At a level, with its own SP. */
static void
go_to (Machine *m, unsigned el)
{
  arm_set_pstate (m->arm, PSTATE_DAIF | el << 2 | (el != 0));
  g_assert_cmpuint (m->arm->el, ==, el);
}

static uint64_t *
word (Machine *m, uint64_t phys)
{
  g_assert_true (phys >= RAM_BASE && phys < RAM_BASE + RAM_SIZE);
  return (uint64_t *)(void *)(m->ram.ram->host + (phys - RAM_BASE));
}

/* Maps `addr` by an entry at `level`, the tables above it being one for each level; returns where it lies. */
static uint64_t
map_in (Machine *m, uint64_t tables, unsigned granule, unsigned first, unsigned in_bits, uint64_t addr,
        unsigned level, uint64_t entry, uint64_t table_bits)
{
  uint64_t table = tables;
  unsigned top = in_bits;
  for (unsigned n = first;; n++) {
    unsigned low = (3 - n) * (granule - 3) + granule;
    uint64_t at = table + (addr >> low & ((UINT64_C (1) << (top - low)) - 1)) * 8;
    table = tables + (n - first + 1) * TABLE_MAX;
    *word (m, at) = n == level ? entry : table | table_bits | 3;
    if (n == level)
      return at;
    top = low;
  }
}

static unsigned
first_level (unsigned granule, unsigned in_bits)
{
  unsigned level = 3;
  for (unsigned bits = granule + granule - 3; bits < in_bits; bits += granule - 3)
    level--;
  return level;
}

static uint64_t
map (Machine *m, unsigned granule, unsigned in_bits, uint64_t addr, unsigned level, uint64_t entry)
{
  return map_in (m, TABLES, granule, first_level (granule, in_bits), in_bits, addr, level, entry, 0);
}

/* TCR_EL1 for both halves. */
static uint64_t
tcr_of (unsigned granule, unsigned in_bits)
{
  uint64_t tsz = 64 - in_bits,
           tg0 = granule == 12   ? 0
                 : granule == 14 ? 2
                                 : 1,
           tg1 = granule == 12   ? 2
                 : granule == 14 ? 1
                                 : 3;
  return tsz | tsz << 16 | tg0 << 14 | tg1 << 30 | UINT64_C (5) << 32 | ARM_BIT (36);
}

/* Stage 1 of EL1&0 with attribute 0 Normal memory, 1 Device. */
static void
use_stage1 (Machine *m, unsigned granule, unsigned in_bits)
{
  set (m, ARM_SR_TCR_EL1, tcr_of (granule, in_bits));
  set (m, ARM_SR_MAIR_EL1, 0x00ff);
  set (m, ARM_SR_TTBR0_EL1, TABLES);
  set (m, ARM_SR_TTBR1_EL1, TABLES);
  set (m, ARM_SR_SCTLR_EL1, SCTLR_M);
}

/* The physical address, or FAULT. */
static uint64_t
translate (Machine *m, uint64_t vaddr, CpuAccess access, CpuTranslation *ret)
{
  if (arm_translate (m->cpu, vaddr, access, ret))
    return ret->phys;
  g_assert_cmphex (m->cpu->state.fault.addr, ==, vaddr);
  g_assert_cmpint (m->arm->fault.write, ==, access == CPU_WRITE);
  return FAULT;
}

static void
check_fault (Machine *m, uint64_t vaddr, CpuAccess access, unsigned status)
{
  CpuTranslation t;
  g_assert_cmphex (translate (m, vaddr, access, &t), ==, FAULT);
  g_assert_cmphex (m->arm->fault.status, ==, status);
}

/* ---- Stage 1. ---- */

static bool
has_blocks (unsigned granule, unsigned level)
{
  return level == 3 || level == 2 || (level == 1 && granule == 12);
}

static void
check_level (Machine *m, unsigned granule, unsigned in_bits, unsigned level)
{
  unsigned bits = (3 - level) * (granule - 3) + granule;
  uint64_t offset_mask = (UINT64_C (1) << bits) - 1, output = OUTPUT & ~offset_mask & 0xffffffffffff;
  for (unsigned high = 0; high < 2; high++) {
    uint64_t low_part = UINT64_C (0x123456789abcd) & ((UINT64_C (1) << (in_bits - 1)) - 1);
    uint64_t vaddr = high ? low_part | UINT64_MAX << in_bits : low_part;
    map (m, granule, in_bits, vaddr, level, output | AF | AP (1) | (level == 3 ? 3 : 1));
    CpuTranslation t;
    uint64_t debug;
    if (!has_blocks (granule, level)) {
      check_fault (m, vaddr, CPU_READ, ARM_STATUS_TRANSLATION + level);
      continue;
    }
    g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, output | (vaddr & offset_mask));
    g_assert_cmpuint (t.log2_size, ==, bits);
    g_assert_false (t.aligned);
    g_assert_true (arm_translate_debug (m->cpu, vaddr, &debug));
    g_assert_cmphex (debug, ==, t.phys);
    check_fault (m, vaddr ^ ARM_BIT (63), CPU_READ, ARM_STATUS_TRANSLATION);
    if (in_bits < 52)
      check_fault (m, vaddr ^ ARM_BIT (in_bits), CPU_READ, ARM_STATUS_TRANSLATION);
    /* A tag is ignored where TBI says so, but for execution. */
    uint64_t tcr = tcr_of (granule, in_bits);
    set (m, ARM_SR_TCR_EL1, tcr | ARM_BIT (37) | ARM_BIT (38));
    g_assert_cmphex (translate (m, vaddr ^ UINT64_C (0xa5) << 56, CPU_READ, &t), ==,
                     output | (vaddr & offset_mask));
    check_fault (m, vaddr ^ UINT64_C (0xa5) << 56, CPU_EXEC, ARM_STATUS_TRANSLATION);
    set (m, ARM_SR_TCR_EL1, tcr | ARM_BIT (high ? 23 : 7)); /* EPDn */
    check_fault (m, vaddr, CPU_READ, ARM_STATUS_TRANSLATION);
    set (m, ARM_SR_TCR_EL1, tcr);
  }
}

static void
test_levels (void)
{
  for (unsigned granule = 12; granule <= 16; granule += 2) {
    for (unsigned in_bits = 25; in_bits <= (granule == 16 ? 52u : 48u); in_bits++) {
      g_autoptr (Machine) m = machine_new ("max", false, false);
      go_to (m, 1);
      use_stage1 (m, granule, in_bits);
      for (unsigned level = first_level (granule, in_bits); level <= 3; level++)
        check_level (m, granule, in_bits, level);
    }
  }
}

static void
test_bad_entries (void)
{
  static const struct {
    unsigned level;
    uint64_t entry;
    unsigned status; /* without the level */
  } cases[] = {
    { 0, 0, ARM_STATUS_TRANSLATION },
    { 1, 2, ARM_STATUS_TRANSLATION },
    { 2, ~UINT64_C (1), ARM_STATUS_TRANSLATION },
    { 3, OUTPUT | AF | 1, ARM_STATUS_TRANSLATION },
    { 0, OUTPUT | AF | 1, ARM_STATUS_TRANSLATION },
    { 3, OUTPUT | 3, ARM_STATUS_ACCESS_FLAG },
    { 2, OUTPUT | 1, ARM_STATUS_ACCESS_FLAG },
    { 2, OUTPUT | AF | AP (2) | 1, ARM_STATUS_PERMISSION },
    { 3, OUTPUT | AF | AP (2) | 3, ARM_STATUS_PERMISSION },
    { 0, UINT64_C (0x7fff0000f000) | 3, ARM_STATUS_EXTERNAL_WALK + 1 },
  };
  const uint64_t vaddr = UINT64_C (0x123456789abc);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Machine) m = machine_new ("max", false, false);
    go_to (m, 1);
    use_stage1 (m, 12, 48);
    map (m, 12, 48, vaddr, cases[i].level, cases[i].entry);
    unsigned level = cases[i].status > ARM_STATUS_EXTERNAL ? 0 : cases[i].level;
    check_fault (m, vaddr, CPU_WRITE, cases[i].status + level);
    g_assert_cmpint (m->arm->fault.external, ==, cases[i].status > ARM_STATUS_EXTERNAL);
  }
}

/* Physical addresses beyond TCR_EL1.IPS. */
static void
test_address_size (void)
{
  g_autoptr (Machine) m = machine_new ("max", false, false);
  const uint64_t vaddr = UINT64_C (0x123456789abc);
  CpuTranslation t;
  go_to (m, 1);
  use_stage1 (m, 12, 48);
  set (m, ARM_SR_TCR_EL1, tcr_of (12, 48) & ~(UINT64_C (7) << 32)); /* 32 bits */
  map (m, 12, 48, vaddr, 3, UINT64_C (0xfffff000) | AF | 3);
  g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, 0xfffffabc);
  map (m, 12, 48, vaddr, 3, UINT64_C (0x100000000) | AF | 3);
  check_fault (m, vaddr, CPU_READ, ARM_STATUS_ADDRESS_SIZE + 3);
  map (m, 12, 48, vaddr, 1, UINT64_C (0x100000000) | 3);
  check_fault (m, vaddr, CPU_READ, ARM_STATUS_ADDRESS_SIZE + 1);
  set (m, ARM_SR_TTBR0_EL1, UINT64_C (0x100000000));
  check_fault (m, vaddr, CPU_READ, ARM_STATUS_ADDRESS_SIZE);
}

/* All combinations of what decides on permission, against the manual's tables written down another way. */
static unsigned
expected_prot (unsigned el, unsigned ap, bool uxn, bool pxn, unsigned aptable, bool wxn, bool pan)
{
  bool user = (ap & 1) && !(aptable & 1), read_only = (ap & 2) || (aptable & 2);
  unsigned prot = 0;
  if (el == 0) {
    if (user)
      prot = PERM_R | (read_only ? 0 : PERM_W);
    if (!uxn && !(wxn && prot & PERM_W))
      prot |= PERM_X;
    return prot;
  }
  bool writable = !read_only;
  if (!pxn && !(wxn && writable) && !(user && writable))
    prot |= PERM_X;
  if (!(pan && user))
    prot |= PERM_R | (writable ? PERM_W : 0);
  return prot;
}

static void
check_permission (Machine *m, unsigned bits)
{
  unsigned ap = bits & 3, aptable = bits >> 4 & 3, el = bits >> 8 & 1;
  bool uxn = bits >> 2 & 1, pxn = bits >> 3 & 1, in_table = bits >> 6 & 1, wxn = bits >> 7 & 1,
       pan = bits >> 9 & 1;
  const uint64_t vaddr = 0x123456789000;
  uint64_t leaf = OUTPUT | AF | AP (ap) | 3, above = (uint64_t)aptable << 61;
  if (in_table)
    above |= (uxn ? ARM_BIT (60) : 0) | (pxn ? ARM_BIT (59) : 0);
  else
    leaf |= (uxn ? UXN : 0) | (pxn ? PXN : 0);
  map_in (m, TABLES, 12, 0, 48, vaddr, 3, leaf, above);
  set (m, ARM_SR_SCTLR_EL1, SCTLR_M | (wxn ? SCTLR_WXN : 0));
  arm_set_pstate (m->arm, PSTATE_DAIF | el << 2 | el | (pan ? PSTATE_PAN : 0));
  unsigned expected = expected_prot (el, ap, uxn, pxn, aptable, wxn, pan);
  for (CpuAccess access = CPU_READ; access <= CPU_EXEC; access++) {
    CpuTranslation t;
    if (!(expected >> access & 1)) {
      check_fault (m, vaddr, access, ARM_STATUS_PERMISSION + 3);
      continue;
    }
    g_assert_cmphex (translate (m, vaddr, access, &t), ==, OUTPUT);
    g_assert_cmphex (t.prot, ==, expected);
  }
  /* LDTR sees what EL0 sees. */
  CpuTranslation t;
  bool readable = expected_prot (0, ap, uxn, pxn, aptable, wxn, false) & PERM_R;
  g_assert_cmpint (arm_translate_user (m->cpu, vaddr, CPU_READ, &t), ==, readable);
}

static void
test_permissions (void)
{
  g_autoptr (Machine) m = machine_new ("max", false, false);
  go_to (m, 1);
  use_stage1 (m, 12, 48);
  for (unsigned bits = 0; bits < 1024; bits++)
    check_permission (m, bits);
}

/* TCR_EL1.HPD0: what tables say does not count. */
static void
test_hierarchy_disabled (void)
{
  g_autoptr (Machine) m = machine_new ("max", false, false);
  const uint64_t vaddr = 0x123456789000;
  CpuTranslation t;
  go_to (m, 1);
  use_stage1 (m, 12, 48);
  map_in (m, TABLES, 12, 0, 48, vaddr, 3, OUTPUT | AF | 3, UINT64_C (15) << 59);
  check_fault (m, vaddr, CPU_WRITE, ARM_STATUS_PERMISSION + 3);
  set (m, ARM_SR_TCR_EL1, tcr_of (12, 48) | ARM_BIT (41));
  g_assert_cmphex (translate (m, vaddr, CPU_WRITE, &t), ==, OUTPUT);
  g_assert_cmphex (t.prot, ==, PERM_R | PERM_W | PERM_X);
}

static void
test_flags_by_hardware (void)
{
  g_autoptr (Machine) m = machine_new ("max", false, false);
  const uint64_t vaddr = 0x123456789000;
  CpuTranslation t;
  go_to (m, 1);
  use_stage1 (m, 12, 48);
  uint64_t at = map (m, 12, 48, vaddr, 3, OUTPUT | DBM | AP (2) | 3);
  check_fault (m, vaddr, CPU_READ, ARM_STATUS_ACCESS_FLAG + 3);
  set (m, ARM_SR_TCR_EL1, tcr_of (12, 48) | ARM_BIT (39)); /* HA */
  g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, OUTPUT);
  g_assert_cmphex (*word (m, at), ==, OUTPUT | DBM | AP (2) | AF | 3);
  check_fault (m, vaddr, CPU_WRITE, ARM_STATUS_PERMISSION + 3);
  set (m, ARM_SR_TCR_EL1, tcr_of (12, 48) | ARM_BIT (39) | ARM_BIT (40)); /* HD */
  g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, OUTPUT);
  g_assert_false (t.prot & PERM_W);
  g_assert_cmphex (translate (m, vaddr, CPU_WRITE, &t), ==, OUTPUT);
  g_assert_true (t.prot & PERM_W);
  g_assert_cmphex (*word (m, at), ==, OUTPUT | DBM | AF | 3);
  /* A fault changes nothing. */
  at = map (m, 12, 48, vaddr, 3, OUTPUT | AP (2) | 3);
  check_fault (m, vaddr, CPU_WRITE, ARM_STATUS_PERMISSION + 3);
  g_assert_cmphex (*word (m, at), ==, OUTPUT | AP (2) | 3);
}

static void
test_off (void)
{
  g_autoptr (Machine) m = machine_new ("max", true, true);
  CpuTranslation t;
  for (unsigned el = 0; el <= 3; el++) {
    go_to (m, el);
    g_assert_cmphex (translate (m, 0x12345678, CPU_WRITE, &t), ==, 0x12345678);
    g_assert_cmphex (t.prot, ==, PERM_R | PERM_W | PERM_X);
    g_assert_true (m->cpu->state.mode & ARM_MODE_ALIGNED);
    check_fault (m, ARM_BIT (48), CPU_READ, ARM_STATUS_ADDRESS_SIZE);
  }
}

static void
test_device (void)
{
  g_autoptr (Machine) m = machine_new ("max", false, false);
  CpuTranslation t;
  go_to (m, 1);
  use_stage1 (m, 12, 48);
  g_assert_false (m->cpu->state.mode & ARM_MODE_ALIGNED);
  map (m, 12, 48, 0x1000, 3, OUTPUT | AF | 1 << 2 | 3);
  g_assert_cmphex (translate (m, 0x1000, CPU_READ, &t), ==, OUTPUT);
  g_assert_true (t.aligned);
  g_assert_cmphex (translate (m, 0x1000, CPU_EXEC, &t), ==, OUTPUT);
  g_assert_false (t.aligned);
  set (m, ARM_SR_SCTLR_EL1, SCTLR_M | SCTLR_A);
  g_assert_true (m->cpu->state.mode & ARM_MODE_ALIGNED);
}

/* ---- Stage 2. ---- */

#define S2_RWX (AF | AP (3) | 15 << 2) /* Normal memory */

static void
use_stage2 (Machine *m, unsigned granule, unsigned in_bits, unsigned sl0)
{
  uint64_t tg0 = granule == 12 ? 0 : granule == 14 ? 2 : 1;
  set (m, ARM_SR_VTCR_EL2, (64 - in_bits) | sl0 << 6 | tg0 << 14 | 5 << 16);
  set (m, ARM_SR_VTTBR_EL2, TABLES2);
  set (m, ARM_SR_HCR_EL2, HCR_VM);
}

static void
test_stage2_levels (void)
{
  static const struct {
    unsigned granule, in_bits, sl0, first; /* first 4: there is no such combination */
  } cases[] = {
    { 12, 48, 2, 0 }, { 12, 40, 1, 1 }, { 12, 43, 1, 1 }, { 12, 44, 1, 4 }, { 12, 34, 0, 2 },
    { 12, 35, 0, 4 }, { 12, 25, 0, 2 }, { 12, 39, 2, 4 }, { 12, 40, 3, 4 }, { 14, 47, 2, 1 },
    { 14, 40, 1, 2 }, { 14, 41, 1, 4 }, { 16, 48, 2, 1 }, { 16, 42, 1, 2 }, { 16, 46, 1, 2 },
    { 16, 47, 1, 4 }, { 16, 29, 0, 3 }, { 16, 48, 3, 4 },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Machine) m = machine_new ("max", true, false);
    unsigned granule = cases[i].granule, in_bits = cases[i].in_bits, level = MAX (cases[i].first, 2);
    unsigned bits = (3 - level) * (granule - 3) + granule;
    uint64_t ipa = UINT64_C (0x123456789abc) & ((UINT64_C (1) << in_bits) - 1),
             mask = (UINT64_C (1) << bits) - 1;
    CpuTranslation t;
    use_stage2 (m, granule, in_bits, cases[i].sl0);
    go_to (m, 1);
    if (cases[i].first == 4) {
      check_fault (m, ipa, CPU_READ, ARM_STATUS_TRANSLATION);
      g_assert_true (m->arm->fault.stage2);
      continue;
    }
    /* Several tables next to each other may be the first: leave room for them. */
    set (m, ARM_SR_VTTBR_EL2, TABLES2);
    if ((in_bits - ((3 - cases[i].first) * (granule - 3) + granule)) + 3 > 16)
      continue;
    map_in (m, TABLES2, granule, cases[i].first, in_bits, ipa, level,
            (OUTPUT & ~mask) | S2_RWX | (level == 3 ? 3 : 1), 0);
    g_assert_cmphex (translate (m, ipa, CPU_READ, &t), ==, (OUTPUT & ~mask) | (ipa & mask));
    if (in_bits < 48)
      check_fault (m, ipa | ARM_BIT (in_bits), CPU_READ, ARM_STATUS_TRANSLATION);
  }
}

/* Stage 1 whose tables and pages are stage 2's: all is found where it is, but for what a case changes. */
static void
test_both_stages (void)
{
  g_autoptr (Machine) m = machine_new ("max", true, false);
  const uint64_t vaddr = 0x123456789000, ipa = UINT64_C (0x7000000000);
  CpuTranslation t;
  unsigned el;
  use_stage2 (m, 12, 40, 1);
  use_stage1 (m, 12, 48);
  go_to (m, 1);
  map (m, 12, 48, vaddr, 3, ipa | AF | 3);
  /* The tables are not mapped: the walk is at fault. */
  check_fault (m, vaddr, CPU_WRITE, ARM_STATUS_TRANSLATION + 1);
  g_assert_true (m->arm->fault.stage2 && m->arm->fault.walk);
  g_assert_cmphex (m->arm->sysreg[ARM_SR_HPFAR_EL2], ==, TABLES >> 12 << 4);
  g_assert_cmphex (arm_abort_syndrome (m->arm, false, &el), ==, arm_syndrome (0x24, 1 << 7 | 1 << 6 | 5));
  g_assert_cmpuint (el, ==, 2);
  map_in (m, TABLES2, 12, 1, 40, RAM_BASE, 1, RAM_BASE | S2_RWX | 1, 0);
  check_fault (m, vaddr, CPU_EXEC, ARM_STATUS_TRANSLATION + 1);
  g_assert_false (m->arm->fault.walk);
  g_assert_cmphex (m->arm->sysreg[ARM_SR_HPFAR_EL2], ==, ipa >> 12 << 4);
  g_assert_cmphex (arm_abort_syndrome (m->arm, true, &el), ==, arm_syndrome (0x20, 5));
  static const struct {
    uint64_t bits;
    unsigned prot;
  } cases[] = {
    { AF | AP (3) | 15 << 2, 7 },
    { AF | AP (1) | 15 << 2, PERM_R | PERM_X },
    { AF | AP (2) | 15 << 2, PERM_W | PERM_X },
    { AF | AP (3) | 15 << 2 | ARM_BIT (54), PERM_R | PERM_W },
    { AF | AP (3) | 15 << 2 | ARM_BIT (53), PERM_R | PERM_W }, /* EL0 alone may execute it */
    { AF | AP (3) | 15 << 2 | ARM_BIT (53) | ARM_BIT (54), 7 },
    { AP (3) | 15 << 2, 0 },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    map_in (m, TABLES2, 12, 1, 40, ipa, 3, OUTPUT | cases[i].bits | 3, 0);
    for (CpuAccess access = CPU_READ; access <= CPU_EXEC; access++)
      if (cases[i].prot >> access & 1)
        g_assert_cmphex (translate (m, vaddr, access, &t), ==, OUTPUT);
      else
        check_fault (m, vaddr, access,
                     (cases[i].bits & AF ? ARM_STATUS_PERMISSION : ARM_STATUS_ACCESS_FLAG) + 3);
  }
  map_in (m, TABLES2, 12, 1, 40, ipa, 3, OUTPUT | AF | AP (3) | 3, 0); /* Device */
  g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, OUTPUT);
  g_assert_true (t.aligned);
}

/* What a hypervisor needs to emulate a device's register. */
static void
test_access_syndromes (void)
{
  static const struct {
    uint32_t insn, iss;
  } cases[] = {
    { 0xb9400041, 1 << 24 | 2 << 22 | 1 << 16 },           /* ldr w1, [x2] */
    { 0xf9400041, 1 << 24 | 3 << 22 | 1 << 16 | 1 << 15 }, /* ldr x1, [x2] */
    { 0x39c00041, 1 << 24 | 1 << 21 | 1 << 16 },           /* ldrsb w1, [x2] */
    { 0x39800041, 1 << 24 | 1 << 21 | 1 << 16 | 1 << 15 }, /* ldrsb x1, [x2] */
    { 0x7900005f, 1 << 24 | 1 << 22 | 31 << 16 },          /* strh wzr, [x2] */
    { 0xb8636841, 1 << 24 | 2 << 22 | 1 << 16 },           /* ldr w1, [x2, x3] */
    { 0x88dffc41, 1 << 24 | 2 << 22 | 1 << 16 | 1 << 14 }, /* ldar w1, [x2] */
    { 0xb8404441, 0 },                                     /* ldr w1, [x2], #4 */
    { 0xb8404c41, 0 },                                     /* ldr w1, [x2, #4]! */
    { 0x29400841, 0 },                                     /* ldp w1, w2, [x2] */
    { 0x885f7c41, 0 },                                     /* ldxr w1, [x2] */
    { 0xbd400041, 0 },                                     /* ldr s1, [x2] */
    { 0xb8230041, 0 },                                     /* ldadd w3, w1, [x2] */
  };
  g_autoptr (Machine) m = machine_new ("max", true, false);
  unsigned el;
  use_stage2 (m, 12, 40, 1);
  go_to (m, 1);
  map_in (m, TABLES2, 12, 1, 40, RAM_BASE, 1, RAM_BASE | S2_RWX | 1, 0);
  m->cpu->state.pc = RAM_BASE + 0x300000;
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    memcpy (word (m, m->cpu->state.pc), &cases[i].insn, 4);
    check_fault (m, 0x1000, CPU_READ, ARM_STATUS_TRANSLATION + 1);
    g_assert_cmphex (arm_abort_syndrome (m->arm, false, &el), ==, arm_syndrome (0x24, cases[i].iss | 5));
  }
}

/* ---- Other regimes. ---- */

static void
test_regimes (void)
{
  static const struct {
    unsigned el;
    bool e2h;
    ArmSysregId sctlr, tcr, ttbr;
    bool two;
  } cases[] = {
    { 2, false, ARM_SR_SCTLR_EL2, ARM_SR_TCR_EL2, ARM_SR_TTBR0_EL2, false },
    { 2, true, ARM_SR_SCTLR_EL2, ARM_SR_TCR_EL2, ARM_SR_TTBR1_EL2, true },
    { 0, true, ARM_SR_SCTLR_EL2, ARM_SR_TCR_EL2, ARM_SR_TTBR1_EL2, true },
    { 3, false, ARM_SR_SCTLR_EL3, ARM_SR_TCR_EL3, ARM_SR_TTBR0_EL3, false },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Machine) m = machine_new ("max", true, true);
    uint64_t vaddr = cases[i].two ? UINT64_C (0xffff923456789000) : UINT64_C (0x923456789000);
    CpuTranslation t;
    unsigned el;
    set (m, ARM_SR_SCR_EL3, SCR_NS);
    if (cases[i].e2h)
      set (m, ARM_SR_HCR_EL2, HCR_E2H | HCR_TGE);
    set (m, cases[i].tcr, cases[i].two ? tcr_of (12, 48) : 16 | 5 << 16);
    set (m, cases[i].ttbr, TABLES);
    set (m, cases[i].sctlr, SCTLR_M);
    go_to (m, cases[i].el);
    map (m, 12, 48, vaddr, 3, OUTPUT | AF | AP (1) | 3);
    g_assert_cmphex (translate (m, vaddr, CPU_READ, &t), ==, OUTPUT);
    check_fault (m, vaddr ^ 0x1000, CPU_READ, ARM_STATUS_TRANSLATION + 3);
    arm_abort_syndrome (m->arm, false, &el);
    g_assert_cmpuint (el, ==, MAX (2, cases[i].el));
    if (!cases[i].two)
      check_fault (m, vaddr | UINT64_C (0xffff) << 48, CPU_READ, ARM_STATUS_TRANSLATION);
  }
}

static bool
same_key (CpuSpaceKey a, CpuSpaceKey b)
{
  return a.root == b.root && a.flags == b.flags && a.more[0] == b.more[0] && a.more[1] == b.more[1];
}

static void
test_spaces (void)
{
  g_autoptr (Machine) m = machine_new ("max", true, false);
  static const struct {
    ArmSysregId id;
    uint64_t value;
    bool differs;
  } changes[] = {
    { ARM_SR_TTBR0_EL1, RAM_BASE + 0x10000, true },     { ARM_SR_TTBR0_EL1, RAM_BASE + 0x10001, false },
    { ARM_SR_TTBR1_EL1, RAM_BASE + 0x20000, true },     { ARM_SR_TTBR0_EL1, ARM_BIT (50) | RAM_BASE, true },
    { ARM_SR_VTTBR_EL2, ARM_BIT (50) | TABLES2, true }, { ARM_SR_CONTEXTIDR_EL1, 7, false },
  };
  use_stage2 (m, 12, 40, 1);
  use_stage1 (m, 12, 48);
  go_to (m, 1);
  for (unsigned i = 0; i < G_N_ELEMENTS (changes); i++) {
    CpuSpaceKey before = arm_space (m->cpu);
    set (m, changes[i].id, changes[i].value);
    g_assert_cmpint (same_key (before, arm_space (m->cpu)), !=, changes[i].differs);
  }
  CpuSpaceKey el1 = arm_space (m->cpu), user = arm_user_space (m->cpu);
  g_assert_false (same_key (el1, user));
  arm_set_pstate (m->arm, PSTATE_DAIF | PSTATE_PAN | 5);
  g_assert_false (same_key (el1, arm_space (m->cpu)));
  g_assert_true (same_key (user, arm_user_space (m->cpu)));
  go_to (m, 0);
  g_assert_false (same_key (el1, arm_space (m->cpu)));
}

static void
test_at (void)
{
  g_autoptr (Machine) m = machine_new ("max", false, false);
  const uint64_t vaddr = 0x123456789000;
  go_to (m, 1);
  use_stage1 (m, 12, 48);
  map (m, 12, 48, vaddr, 3, OUTPUT | AF | 3 << 8 | 3);
  arm_at (m->arm, ARM_REG (1, 0, 7, 8, 0), vaddr + 0xabc); /* S1E1R */
  g_assert_cmphex (m->arm->sysreg[ARM_SR_PAR_EL1], ==, UINT64_C (0xff) << 56 | OUTPUT | 1 << 11 | 3 << 7);
  arm_at (m->arm, ARM_REG (1, 0, 7, 8, 2), vaddr); /* S1E0R */
  g_assert_cmphex (m->arm->sysreg[ARM_SR_PAR_EL1], ==, 1 << 11 | (ARM_STATUS_PERMISSION + 3) << 1 | 1);
}

/* ---- Tables and registers that make no sense. ---- */

static void
test_hostile (void)
{
  g_autoptr (Machine) m = machine_new ("max", true, true);
  static const ArmSysregId regs[] = { ARM_SR_TCR_EL1,   ARM_SR_TCR_EL2,   ARM_SR_TCR_EL3,  ARM_SR_VTCR_EL2,
                                      ARM_SR_TTBR0_EL1, ARM_SR_TTBR1_EL1, ARM_SR_HCR_EL2,  ARM_SR_VTTBR_EL2,
                                      ARM_SR_TTBR0_EL2, ARM_SR_TTBR0_EL3, ARM_SR_MAIR_EL1, ARM_SR_SCR_EL3,
                                      ARM_SR_SCTLR_EL1, ARM_SR_SCTLR_EL2, ARM_SR_SCTLR_EL3 };
  GRand *rand = g_rand_new_with_seed (7);
  uint64_t *ram = word (m, RAM_BASE);
  unsigned n_ok = 0;

  /* Entries that lead to tables again and again, and everything else. */
  for (unsigned i = 0; i < RAM_SIZE / 8; i++) {
    uint64_t random = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand);
    ram[i] = i % 3 == 0 ? random : (random & UINT64_C (0xfff00000003ff000)) | RAM_BASE | (i % 7 ? 3 : AF | 1);
  }
  for (unsigned i = 0; i < 60000; i++) {
    uint64_t value = (uint64_t)g_rand_int (rand) << 32 | g_rand_int (rand),
             vaddr = value >> g_rand_int_range (rand, 8, 40);
    ArmSysregId id = regs[g_rand_int_range (rand, 0, G_N_ELEMENTS (regs))];
    if (id != ARM_SR_TCR_EL1 && id != ARM_SR_VTCR_EL2 && i % 2)
      value = (value & UINT64_C (0xffff0000003ff001)) | RAM_BASE | 1;
    set (m, id, value);
    if (i % 16 == 0)
      arm_set_pstate (m->arm, value & (PSTATE_PAN | 0xc));
    CpuTranslation t;
    uint64_t phys;
    unsigned el;
    CpuAccess access = (CpuAccess)(i % 3);
    if (arm_translate (m->cpu, i % 5 ? vaddr : ~vaddr, access, &t)) {
      g_assert_true (t.prot >> access & 1 && t.phys >> 52 == 0 && t.log2_size >= 12);
      n_ok++;
    } else {
      arm_abort_syndrome (m->arm, access == CPU_EXEC, &el);
      g_assert_true (el >= m->arm->el && el >= 1 && el <= 3);
    }
    arm_translate_debug (m->cpu, vaddr, &phys);
  }
  g_assert_cmpuint (n_ok, >, 1000);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arm-mmu/levels", test_levels);
  g_test_add_func ("/arm-mmu/bad-entries", test_bad_entries);
  g_test_add_func ("/arm-mmu/address-size", test_address_size);
  g_test_add_func ("/arm-mmu/permissions", test_permissions);
  g_test_add_func ("/arm-mmu/hierarchy-disabled", test_hierarchy_disabled);
  g_test_add_func ("/arm-mmu/flags-by-hardware", test_flags_by_hardware);
  g_test_add_func ("/arm-mmu/off", test_off);
  g_test_add_func ("/arm-mmu/device", test_device);
  g_test_add_func ("/arm-mmu/stage2-levels", test_stage2_levels);
  g_test_add_func ("/arm-mmu/both-stages", test_both_stages);
  g_test_add_func ("/arm-mmu/access-syndromes", test_access_syndromes);
  g_test_add_func ("/arm-mmu/regimes", test_regimes);
  g_test_add_func ("/arm-mmu/spaces", test_spaces);
  g_test_add_func ("/arm-mmu/at", test_at);
  g_test_add_func ("/arm-mmu/hostile", test_hostile);
  return g_test_run ();
}
