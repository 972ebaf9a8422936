/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Address translation at EL1: TLB maintenance, tags, LDTR and STTR, vectors and DC ZVA through the TLB. */

#include "bare.h"
#include "paging.h"

#define VA   0x4000000000ul
#define PAGE 4096ul

static uint64_t pages[4][512] __attribute__ ((aligned (4096)));

static uint64_t
at (unsigned page)
{
  return (uint64_t)pages[page];
}

static void
remap (uint64_t vaddr, uint64_t entry)
{
  paging_map (vaddr, entry);
  dsb ();
  tlbi (vae1, vaddr >> 12);
}

static void
maintenance (void)
{
  const uint64_t tagged = VA | 0xa5ul << 56;
  pages[0][0] = 10;
  pages[1][0] = 11;
  remap (VA, at (0) | PAGE_EL1);
  CHECK_EQUAL (load64 (VA), 10);
  CHECK_EQUAL (load64 (tagged), 10);
  store64 (tagged + 8, 77);
  remap (VA, at (1) | PAGE_EL1);
  CHECK_EQUAL (load64 (tagged), 11);
  CHECK_EQUAL (load64 (VA), 11);
  CHECK_EQUAL (pages[0][1], 77);
  remap (VA, 0);
  CHECK_TRAP (0x25, load64 (VA));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x07);
  CHECK_EQUAL (traps[0].far, VA);
  CHECK_TRAP (0x25, store64 (tagged + 16, 1));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x47);
  CHECK_EQUAL (traps[0].far, tagged + 16);
  /* A page is read-only, then writable. */
  remap (VA, at (0) | PAGE_EL1 | PAGE_RO);
  CHECK_EQUAL (load64 (VA), 10);
  CHECK_TRAP (0x25, store64 (VA, 1));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x4f);
  remap (VA, at (0) | PAGE_EL1);
  CHECK_NO_TRAP (store64 (VA, 12));
  CHECK_EQUAL (pages[0][0], 12);
}

/* Pages that are not global go with their ASID. */
static void
address_spaces (void)
{
  remap (VA, at (0) | PAGE_EL1 | PAGE_NG);
  for (unsigned i = 0; i < 40; i++) {
    sysreg_write (ttbr0_el1, paging_root () | (uint64_t)(i % 20 + 1) << 48);
    CHECK_EQUAL (load64 (VA), 12);
  }
  paging_map (VA, at (1) | PAGE_EL1 | PAGE_NG);
  dsb ();
  for (uint64_t asid = 1; asid <= 20; asid++) {
    tlbi (aside1, asid << 48);
    sysreg_write (ttbr0_el1, paging_root () | asid << 48);
    CHECK_EQUAL (load64 (VA), 11);
  }
  sysreg_write (ttbr0_el1, paging_root ());
  __asm__ volatile ("tlbi vmalle1\n dsb sy\n isb" ::: "memory");
}

static uint64_t
load_user (uint64_t addr)
{
  uint64_t v = 0xbad;
  __asm__ volatile ("ldtr %0, [%1]" : "+&r"(v) : "r"(addr) : "memory");
  return v;
}

static void
store_user (uint64_t addr, uint64_t value)
{
  __asm__ volatile ("sttr %0, [%1]" ::"r"(value), "r"(addr) : "memory");
}

static void
unprivileged (void)
{
  pages[2][0] = 20;
  remap (VA, at (2) | PAGE_EL1 | PAGE_USER);
  remap (VA + PAGE, at (0) | PAGE_EL1);
  for (unsigned pan = 0; pan < 2; pan++) {
    if (pan)
      __asm__ volatile ("msr pan, #1");
    for (unsigned i = 0; i < 100; i++) {
      CHECK_EQUAL (load_user (VA), 20 + i);
      store_user (VA, 21 + i);
    }
    pages[2][0] = 20;
    CHECK_EQUAL (load64 (VA + PAGE), 12);
    CHECK_TRAP (0x25, load_user (VA + PAGE));
    CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x0f);
    CHECK_TRAP (0x25, store_user (VA + PAGE, 1));
    CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x4f);
    if (pan)
      CHECK_TRAP (0x25, load64 (VA));
    else
      CHECK_EQUAL (load64 (VA), 20);
  }
  /* The user's view is forgotten with the rest. */
  remap (VA, at (3) | PAGE_EL1 | PAGE_USER);
  pages[3][0] = 33;
  CHECK_EQUAL (load_user (VA), 33);
  remap (VA, at (3) | PAGE_EL1);
  CHECK_TRAP (0x25, load_user (VA));
  __asm__ volatile ("msr pan, #0");
}

/* TCR_EL1.E0PD0: the lower half is nothing that EL0 could ask for. */
static void
privileged_half (void)
{
  const uint64_t tcr = sysreg_read (tcr_el1), e0pd0 = 1ul << 55;
  if (sysreg_read (id_aa64mmfr2_el1) >> 60 == 0)
    return;
  pages[2][0] = 20;
  remap (VA, at (2) | PAGE_EL1 | PAGE_USER);
  CHECK_EQUAL (load_user (VA), 20);
  sysreg_write (tcr_el1, tcr | e0pd0);
  __asm__ volatile ("tlbi vmalle1\n dsb sy\n isb" ::: "memory");
  CHECK_TRAP (0x25, load_user (VA));
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x04);
  CHECK_EQUAL (traps[0].far, VA);
  CHECK_TRAP (0x25, load_user (VA + PAGE)); /* as where nothing is mapped */
  CHECK_EQUAL (TRAP_ISS (traps[0].esr), 0x04);
  CHECK_NO_TRAP (CHECK_EQUAL (load64 (VA), 20));
  __asm__ volatile ("at s1e0r, %0\n isb" ::"r"(VA));
  CHECK_EQUAL (sysreg_read (par_el1) & 0x7f, 0x04 << 1 | 1);
  sysreg_write (tcr_el1, tcr);
  __asm__ volatile ("tlbi vmalle1\n dsb sy\n isb" ::: "memory");
  CHECK_EQUAL (load_user (VA), 20);
}

static void
copy_vector (uint64_t to, uint64_t from)
{
  __asm__ volatile (".arch_extension simd\n ldr q0, [%1]\n str q0, [%0]" ::"r"(to), "r"(from) : "memory");
}

static void
vectors (void)
{
  remap (VA, at (0) | PAGE_EL1);
  remap (VA + PAGE, at (2) | PAGE_EL1);
  for (unsigned i = 0; i < 512; i++)
    pages[0][i] = pages[2][i] = i * 0x0101010101010101ul;
  for (unsigned i = 0; i < 64; i++)
    copy_vector (at (3) + 16 * i, VA + PAGE - 512 + 16 * i + (i & 7));
  for (unsigned i = 0; i < 64; i++)
    for (unsigned k = 0; k < 16; k++) {
      uint64_t from = PAGE - 512 + 16 * i + (i & 7) + k;
      const uint8_t *p = (const uint8_t *)pages[from < PAGE ? 0 : 2] + from % PAGE;
      CHECK_EQUAL (load8 (at (3) + 16 * i + k), *p);
    }
  /* Nothing is stored when a part cannot be. */
  remap (VA + PAGE, 0);
  pages[0][511] = 5;
  CHECK_TRAP (0x25, copy_vector (VA + PAGE - 8, at (3)));
  CHECK_EQUAL (traps[0].far, VA + PAGE);
  CHECK_EQUAL (pages[0][511], 5);
  __asm__ volatile ("dc zva, %0" ::"r"(VA + 70) : "memory");
  CHECK_EQUAL (pages[0][7], 7 * 0x0101010101010101ul);
  for (unsigned i = 8; i < 16; i++)
    CHECK_EQUAL (pages[0][i], 0);
  CHECK_EQUAL (pages[0][16], 16 * 0x0101010101010101ul);
  CHECK_TRAP (0x25, __asm__ volatile ("dc zva, %0" ::"r"(VA + PAGE + 64) : "memory"));
}

static void
address_translation (void)
{
  remap (VA, at (1) | PAGE_EL1);
  __asm__ volatile ("at s1e1r, %0\n isb" ::"r"(VA + 0x123));
  CHECK_EQUAL (sysreg_read (par_el1) & 0xfffffffff001ul, at (1));
  __asm__ volatile ("at s1e0r, %0\n isb" ::"r"(VA));
  CHECK_EQUAL (sysreg_read (par_el1) & 0x7f, 0x0f << 1 | 1);
}

void
test_main (void)
{
  paging_on ();
  sysreg_write (cpacr_el1, 3 << 20);
  maintenance ();
  address_spaces ();
  unprivileged ();
  privileged_half ();
  vectors ();
  address_translation ();
}
