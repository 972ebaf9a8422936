/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bare.h"

volatile TrapRecord traps[HARTS_MAX];
void (*bare_interrupt) (uint64_t cause);
volatile uint32_t bare_ready;
extern char run_in_back[];

void *
memset (void *at, int value, size_t size)
{
  for (volatile char *p = at; size > 0; size--)
    *p++ = (char)value;
  return at;
}

void *
memcpy (void *to, const void *from, size_t size)
{
  const char *source = from;
  for (volatile char *p = to; size > 0; size--)
    *p++ = *source++;
  return to;
}

void
put_string (const char *text)
{
  for (; *text; text++)
    *(volatile uint8_t *)UART = (uint8_t)*text;
}

void
put_hex (uint64_t value)
{
  char text[19] = "0x";
  for (unsigned i = 0; i < 16; i++)
    text[2 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
  put_string (text);
}

_Noreturn void
finish (unsigned line)
{
  if (line != 0) {
    put_string ("failed: line ");
    put_hex (line);
    put_string ("\n");
  }
  *(volatile uint32_t *)TESTDEV = line == 0 ? 0x5555 : (line & 0xff ? line & 0xff : 255) << 16 | 0x3333;
  for (;;)
    __asm__ volatile ("wfi");
}

__attribute__ ((weak)) void
bare_secondary (uint64_t hart_id)
{
}

void
bare_main (void)
{
  test_main ();
  put_string ("passed\n");
  finish (0);
}

static bool
is_fetch (uint64_t cause)
{
  return cause == CAUSE_FETCH_ACCESS || cause == CAUSE_FETCH_PAGE;
}

/* The length of the instruction at a virtual address of the mode that was interrupted. */
static unsigned
length_at (uint64_t epc)
{
  uint64_t low;
  csr_set (mstatus, MSTATUS_MPRV | MSTATUS_MXR);
  __asm__ volatile ("lhu %0, 0(%1)" : "=r"(low) : "r"(epc) : "memory");
  csr_clear (mstatus, MSTATUS_MPRV | MSTATUS_MXR);
  return (low & 3) == 3 ? 4 : 2;
}

void
bare_trap (TrapFrame *frame)
{
  uint64_t cause = csr_read (mcause), tval = csr_read (mtval);
  if (cause & CAUSE_INTERRUPT) {
    CHECK (bare_interrupt != NULL);
    bare_interrupt (cause & ~CAUSE_INTERRUPT);
    return;
  }
  if (frame->epc == (uint64_t)run_in_back) {
    frame->epc += 4;
    frame->status |= MSTATUS_MPP;
    return;
  }
  traps[hart ()] = (TrapRecord){ traps[hart ()].count + 1, cause, tval, frame->epc, frame->status };
  if (is_fetch (cause))
    frame->epc = frame->x[1];
  else
    frame->epc += length_at (frame->epc);
}

/* ---- fw_cfg ---- */

static uint64_t
swap (uint64_t v, unsigned bytes)
{
  uint64_t r = 0;
  for (unsigned i = 0; i < bytes; i++)
    r = r << 8 | (v >> 8 * i & 0xff);
  return r;
}

static uint32_t
big32 (uint32_t v)
{
  return (uint32_t)swap (v, 4);
}

typedef struct {
  uint32_t control, length;
  uint64_t address;
} __attribute__ ((aligned (16))) FwCfgAccess;

uint32_t
fw_cfg_dma (uint32_t control, uint64_t addr, uint32_t size)
{
  static volatile FwCfgAccess access;
  access = (FwCfgAccess){ big32 (control), big32 (size), swap (addr, 8) };
  __asm__ volatile ("fence iorw, iorw" ::: "memory");
  *(volatile uint64_t *)(FW_CFG + 16) = swap ((uint64_t)&access, 8);
  for (unsigned i = 0; i < 100000000 && (big32 (access.control) & ~1u); i++)
    ;
  return big32 (access.control);
}

static uint32_t
fw_cfg_big32 (void)
{
  uint32_t v = 0;
  for (unsigned i = 0; i < 4; i++)
    v = v << 8 | *(volatile uint8_t *)FW_CFG;
  return v;
}

int
fw_cfg_find (const char *name, uint32_t *ret_size)
{
  *(volatile uint16_t *)(FW_CFG + 8) = (uint16_t)0x1900;
  uint32_t n = fw_cfg_big32 ();
  for (uint32_t i = 0; i < n; i++) {
    uint32_t size = fw_cfg_big32 (), select = fw_cfg_big32 () >> 16;
    bool same = true;
    for (unsigned k = 0, end = 0; k < 56; k++) {
      char c = (char)*(volatile uint8_t *)FW_CFG;
      if (!end && c != name[k])
        same = false;
      end |= name[k] == 0;
    }
    if (same) {
      *ret_size = size;
      return (int)select;
    }
  }
  return -1;
}
