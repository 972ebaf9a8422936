/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bare.h"

volatile TrapRecord traps[CPUS_MAX];
bool (*bare_sync) (TrapFrame *frame);
void (*bare_interrupt) (TrapFrame *frame);
uint64_t bare_fdt = 1; /* in .data: what the first instruction stores shall stay */
bool bare_smc;
static unsigned first_el;
extern char secondary_start[];

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
  for (; *text; text++) {
    while (load32 (UART + 0x18) & 1 << 5) /* UARTFR.TXFF */
      ;
    store32 (UART, (uint8_t)*text);
  }
}

void
put_hex (uint64_t value)
{
  char text[19] = "0x";
  for (unsigned i = 0; i < 16; i++)
    text[2 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
  put_string (text);
}

int64_t
psci (uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
  register uint64_t x0 __asm__ ("x0") = function, x1 __asm__ ("x1") = a, x2 __asm__ ("x2") = b,
                               x3 __asm__ ("x3") = c;
  if (bare_smc)
    __asm__ volatile ("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
  else
    __asm__ volatile ("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
  return (int64_t)x0;
}

int64_t
start_cpu (unsigned cpu)
{
  return psci (PSCI_CPU_ON, cpu, (uint64_t)secondary_start, 0);
}

/* Nobody answers PSCI's calls for EL3, but there the GPIO controller has a pin for it. */
static void
power_off (void)
{
  if (first_el < 3)
    psci (PSCI_SYSTEM_OFF, 0, 0, 0);
  store32 (SECURE_GPIO + 0x400, 1);
  store32 (SECURE_GPIO + (1 << 2), 1);
}

_Noreturn void
finish (unsigned line)
{
  if (line == 0)
    put_string ("passed\n");
  else {
    put_string ("failed: line ");
    put_hex (line);
    put_string ("\n");
  }
  power_off ();
  for (;;)
    __asm__ volatile ("wfi");
}

__attribute__ ((weak)) void
bare_secondary (unsigned cpu)
{
}

void
bare_secondary_main (unsigned cpu)
{
  bare_secondary (cpu);
}

void
bare_main (void)
{
  first_el = current_el ();
  bare_smc = first_el == 2;
  test_main ();
  finish (0);
}

static bool
is_call (uint64_t ec)
{
  return ec >= 0x15 && ec <= 0x17; /* SVC, HVC, SMC */
}

static bool
is_fetch (uint64_t ec)
{
  return ec == 0x20 || ec == 0x21 || ec == 0x22; /* instruction aborts, a misaligned PC */
}

void
bare_trap (TrapFrame *frame)
{
  const uint64_t ec = TRAP_EC (frame->esr);

  if (frame->vector & 0x180) {
    if (bare_interrupt == NULL) {
      put_string ("interrupt, vector, ELR: ");
      put_hex (frame->vector);
      put_string (" ");
      put_hex (frame->elr);
      put_string ("\n");
      finish (__LINE__);
    }
    bare_interrupt (frame);
    return;
  }
  volatile TrapRecord *record = &traps[cpu_number ()];
  *record = (TrapRecord){ record->count + 1, frame->esr, frame->far,   frame->elr,
                          frame->spsr,       frame->el,  frame->vector };
  if (bare_sync && bare_sync (frame))
    return;
  if (is_fetch (ec))
    frame->elr = frame->x[30];
  else if (!is_call (ec))
    frame->elr += 4;
}
