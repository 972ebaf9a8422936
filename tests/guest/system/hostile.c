/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a guest should not do. It passes by getting to its end: whatever the devices make of it, the machine
 * has to go on. It ends with status 42. -fw_cfg name=opt/seed,string=NUMBER, and any PCI devices. */

#include "bare.h"

static uint64_t seed = 88172645463325252;

static uint64_t
random (void)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

static uint64_t
below (uint64_t n)
{
  return random () % n;
}

static void
say (const char *what)
{
  put_string (what);
  put_string ("\n");
}

static void
access (uint64_t at)
{
  switch (below (8)) {
    case 0: load8 (at); break;
    case 1: load16 (at); break;
    case 2: load32 (at); break;
    case 3: load64 (at); break;
    case 4: store8 (at, random ()); break;
    case 5: store16 (at, random ()); break;
    case 6: store32 (at, random ()); break;
    default: store64 (at, random ()); break;
  }
}

typedef struct {
  uint64_t start, size;
} Range;

/* All but the test device, which would end the machine, and what may reset it. */
static const Range ranges[] = {
  { 0, 0xff000 },
  { 0x101000, 0x1000 }, /* RTC */
  { CLINT, 0x10000 },
  { 0x3000000, 0x10000 }, /* PIO of PCI */
  { 0x4000000, 0x2000000 },
  { PLIC, 0x600000 },
  { UART, 0x100 },
  { VIRTIO, 0x8000 },
  { FW_CFG, 0x18 },
  { 0x20000000, 0x4000000 }, /* flash */
  { 0x24000000, 0x1000000 },
  { ECAM, 0x10000000 },
  { PCI_MEM, 0x40000000 },
  { 0x400000000, 0x400000000 },
  { 0x10000000000, 0xfffff0000000000 },
};

static void
everywhere (void)
{
  for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    const Range *r = &ranges[i];
    for (unsigned n = 0; n < 6000; n++) {
      uint64_t offset = n % 2 ? below (r->size) : below (r->size < 0x400 ? r->size : 0x400);
      /* A little beyond the end too. */
      access (n % 50 == 0 ? r->start + r->size - 4 + below (8) : r->start + offset);
    }
  }
  bare_interrupt = NULL;
  *(volatile uint64_t *)(CLINT + 0x4000) = ~0ul;
  *(volatile uint32_t *)CLINT = 0;
}

static void
jumps (void)
{
  for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    uint64_t at = ranges[i].start + (below (ranges[i].size) & ~1ul);
    if (at >= RAM || (at >= 0x1000 && at < 0x10000) || (at >= 0x20000000 && at < 0x24000000))
      continue; /* code may lie there */
    uint64_t before = traps[0].count;
    __asm__ volatile ("jalr %0" ::"r"(at) : "ra", "memory", "t0", "t1", "t2", "a0", "a1");
    CHECK_EQUAL (traps[0].count, before + 1);
    CHECK_EQUAL (traps[0].cause, CAUSE_FETCH_ACCESS);
  }
}

static void
fw_cfg (void)
{
  static uint8_t target[64];
  static const uint64_t addresses[] = { 0,    8,          FW_CFG,  UART, ECAM, PLIC, 0x50000000000,
                                        ~0ul, ~0ul - 100, RAM - 8, 0 };
  for (unsigned i = 0; i < 600; i++) {
    uint64_t at = i % 3 ? addresses[below (sizeof addresses / sizeof *addresses)] : (uint64_t)target;
    uint32_t size = i % 3 ? (uint32_t)random () : below (64);
    uint32_t control = (uint32_t)random () & 0xffff001f;
    /* Never over this program: only what is certainly no memory gets any size. */
    if (at == RAM - 8)
      size = 8;
    fw_cfg_dma (control, at, size);
  }
  /* The structure itself nowhere, or where it cannot be written back. */
  for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
    *(volatile uint32_t *)(FW_CFG + 16) = (uint32_t)random ();
    *(volatile uint64_t *)(FW_CFG + 16) = addresses[i];
    *(volatile uint32_t *)(FW_CFG + 20) = (uint32_t)random ();
  }
}

/* ---- PCI ---- */

#define CONFIG(slot) (ECAM + (uint64_t)(slot) * 0x8000)

static volatile uint8_t rings[16 * 4096] __attribute__ ((aligned (4096)));

static void
scribble (void)
{
  for (unsigned i = 0; i < sizeof rings; i += 8) {
    uint64_t v = random ();
    switch (below (6)) {
      case 0: v = (uint64_t)rings + below (sizeof rings); break; /* an address */
      case 1: v &= 0x0007000300ff; break;
      case 2: v = below (16) | below (4) << 32 | below (16) << 48; break; /* a descriptor's end */
      case 3: v = 0; break;
      default: break;
    }
    *(volatile uint64_t *)&rings[i] = v;
  }
}

static unsigned
find_bars (unsigned slot, uint64_t *next, uint64_t bars[6])
{
  uint64_t c = CONFIG (slot);
  unsigned found = 0;
  for (unsigned i = 0; i < 6; i++) {
    store32 (c + 16 + 4 * i, ~0u);
    uint32_t v = (uint32_t)load32 (c + 16 + 4 * i);
    bars[i] = 0;
    if (v == 0 || v & 1)
      continue;
    uint64_t size = ~(v & ~15u) + 1ul;
    size &= 0xffffffff;
    if (size == 0 || size > 0x10000000)
      continue;
    *next = (*next + size - 1) & ~(size - 1);
    bars[i] = *next;
    store32 (c + 16 + 4 * i, *next);
    *next += size;
    found++;
    if ((v & 6) == 4)
      store32 (c + 16 + 4 * ++i, 0), bars[i] = 0;
  }
  return found;
}

/* Offsets in the device's common configuration. */
static void
start_queues (uint64_t common, uint64_t notify)
{
  static const uint8_t statuses[] = { 0, 1, 3, 11, 15, 15, 15, 128, 0x4f };
  store8 (common + 20, 0);
  store8 (common + 20, 1);
  store8 (common + 20, 3);
  store32 (common, 1);
  store32 (common + 8, 1);
  store32 (common + 12, 1); /* VIRTIO_F_VERSION_1 */
  store32 (common + 8, 0);
  store32 (common + 12, below (2) ? (uint32_t)random () : 0);
  store8 (common + 20, 11);
  for (unsigned q = 0; q < 4; q++) {
    store16 (common + 22, q);
    store16 (common + 24, below (4) ? 1u << below (9) : random ());
    store16 (common + 26, below (3) ? 0xffff : random ());
    for (unsigned i = 32; i < 56; i += 8) {
      uint64_t at = (uint64_t)rings + (below (16) << 12);
      if (below (12) == 0)
        at = random ();
      store32 (common + i, at);
      store32 (common + i + 4, at >> 32);
    }
    store16 (common + 28, below (8) ? 1 : random ());
  }
  store8 (common + 20, statuses[3 + below (6)]);
  for (unsigned n = 0; n < 12; n++) {
    for (unsigned q = 0; q < 4; q++)
      store16 (notify + 4 * q, below (10) ? q : random ());
    if (below (3) == 0)
      scribble ();
    if (below (6) == 0)
      store8 (common + 20, statuses[below (sizeof statuses)]);
  }
}

static void
virtio_device (unsigned slot, const uint64_t bars[6])
{
  uint64_t c = CONFIG (slot), common = 0, notify = 0;
  unsigned cap = (unsigned)load8 (c + 0x34);
  for (unsigned n = 0; cap != 0 && n < 48; n++, cap = (unsigned)load8 (c + cap + 1)) {
    if (load8 (c + cap) != 9)
      continue;
    uint64_t bar = load8 (c + cap + 4), offset = load32 (c + cap + 8);
    if (bar > 5 || bars[bar] == 0)
      continue;
    if (load8 (c + cap + 3) == 1)
      common = bars[bar] + offset;
    else if (load8 (c + cap + 3) == 2)
      notify = bars[bar] + offset;
  }
  if (common == 0 || notify == 0)
    return;
  put_string ("virtio ");
  put_hex (load16 (c + 2));
  say ("");
  for (unsigned i = 0; i < 40; i++) {
    scribble ();
    start_queues (common, notify);
  }
  store8 (common + 20, 0);
}

static void
pci (void)
{
  uint64_t next = PCI_MEM;
  for (unsigned slot = 0; slot < 32; slot++) {
    uint64_t bars[6];
    if (load16 (CONFIG (slot)) == 0xffff || !find_bars (slot, &next, bars))
      continue;
    store16 (CONFIG (slot) + 4, 6);
    virtio_device (slot, bars);
    for (unsigned i = 0; i < 6; i++)
      for (unsigned n = 0; bars[i] && n < 3000; n++)
        access (bars[i] + below (0x4000));
    store16 (CONFIG (slot) + 4, 2); /* no more DMA into this program */
  }
  /* BARs anywhere, over each other, over memory, switched on and off. */
  for (unsigned n = 0; n < 20000; n++) {
    uint64_t at = CONFIG (below (12)) + below (256);
    uint64_t v = below (3) ? random () : PCI_MEM + below (1 << 20);
    if ((at & 0xfff) >= 4 && (at & 0xfff) < 8)
      v = 2; /* memory, but no bus master */
    store32 (at & ~3ul, v);
    if (n % 16 == 0)
      access (PCI_MEM + below (1 << 20));
  }
}

void
test_main (void)
{
  uint32_t size;
  int select = fw_cfg_find ("opt/seed", &size);
  if (select >= 0) {
    *(volatile uint16_t *)(FW_CFG + 8) = (uint16_t)(select << 8 | select >> 8);
    for (uint32_t i = 0; i < size; i++)
      seed = seed * 31 + *(volatile uint8_t *)FW_CFG;
  }
  say ("jumps");
  jumps ();
  say ("pci");
  pci ();
  say ("fw_cfg");
  fw_cfg ();
  say ("everywhere");
  everywhere ();
  say ("fw_cfg again");
  fw_cfg ();
  finish (42); /* not 0, which a stray store to the test device might give */
}
