/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "plic.h"
#include "register.h"
#include <inttypes.h>

#define PRIORITY_BASE  0x000000
#define PENDING_BASE   0x001000
#define ENABLE_BASE    0x002000
#define ENABLE_STRIDE  0x80
#define CONTEXT_BASE   0x200000
#define CONTEXT_STRIDE 0x1000

static bool
get_bit (const uint32_t *words, unsigned n)
{
  return words[n / 32] >> (n % 32) & 1;
}

static void
set_bit (uint32_t *words, unsigned n, bool value)
{
  uint32_t bit = UINT32_C (1) << (n % 32);
  words[n / 32] = value ? words[n / 32] | bit : words[n / 32] & ~bit;
}

/* The pending and enabled source of highest priority, the lowest number among equals; 0: none. */
static unsigned
best_source (Plic *plic, unsigned context)
{
  unsigned best = 0;
  for (unsigned word = 0; word < PLIC_WORDS; word++) {
    for (uint32_t bits = plic->pending[word] & plic->enable[context][word]; bits != 0; bits &= bits - 1) {
      unsigned n = word * 32 + (unsigned)__builtin_ctz (bits);
      if (plic->priority[n] > plic->priority[best])
        best = n;
    }
  }
  return best;
}

static void
update_context (Plic *plic, unsigned context)
{
  bool level = plic->priority[best_source (plic, context)] > plic->threshold[context];
  if (level == plic->out_level[context])
    return;
  plic->out_level[context] = level;
  irq_set (&plic->out[context], level);
}

static void
update (Plic *plic)
{
  for (unsigned context = 0; context < plic->num_contexts; context++)
    update_context (plic, context);
}

/* Tells all contexts' lines, news or not. */
static void
restate (Plic *plic)
{
  update (plic);
  for (unsigned context = 0; context < plic->num_contexts; context++)
    irq_set (&plic->out[context], plic->out_level[context]);
}

/* The gateway: a request goes on to the core unless one is pending or being served. */
static bool
forward (Plic *plic, unsigned n)
{
  if (!get_bit (plic->level, n) || get_bit (plic->claimed, n) || get_bit (plic->pending, n))
    return false;
  set_bit (plic->pending, n, true);
  return true;
}

static void
input_set (void *opaque, unsigned n, bool level)
{
  Plic *plic = opaque;
  g_rec_mutex_lock (&plic->dev.lock);
  if (get_bit (plic->level, n) != level) {
    device_trace (plic, "source %u: level %d", n, level);
    set_bit (plic->level, n, level);
    if (forward (plic, n))
      update (plic);
  }
  g_rec_mutex_unlock (&plic->dev.lock);
}

IrqLine
plic_input (Plic *plic, unsigned n)
{
  g_return_val_if_fail (n >= 1 && n < PLIC_SOURCES, (IrqLine){ 0 });
  return (IrqLine){ input_set, plic, n };
}

static bool
context_exists (Plic *plic, unsigned context, const char *reg)
{
  if (context < plic->num_contexts)
    return true;
  device_guest_error (&plic->dev, "%s of context %u, which does not exist", reg, context);
  return false;
}

static void
priority_write (Device *dev, unsigned n, uint64_t written, uint64_t old)
{
  Plic *plic = (Plic *)dev;
  /* Source 0 stands for none and compares as priority 0. */
  plic->priority[0] = 0;
  update (plic);
}

/* Enable words of a context lie 0x80 bytes apart from the next context's; index counts words from the first.
 */
static uint32_t *
enable_word (Plic *plic, unsigned index)
{
  unsigned context = index / (ENABLE_STRIDE / 4);
  unsigned word = index % (ENABLE_STRIDE / 4);
  if (word >= PLIC_WORDS || !context_exists (plic, context, "enable"))
    return NULL;
  return &plic->enable[context][word];
}

static uint64_t
enable_read (Device *dev, unsigned index, uint64_t stored)
{
  uint32_t *word = enable_word ((Plic *)dev, index);
  return word != NULL ? *word : 0;
}

static void
enable_write (Device *dev, unsigned index, uint64_t written, uint64_t old)
{
  Plic *plic = (Plic *)dev;
  uint32_t *word = enable_word (plic, index);
  if (word == NULL)
    return;
  /* Source 0's bit is hardwired to zero. */
  *word = (uint32_t)written & (index % (ENABLE_STRIDE / 4) == 0 ? ~UINT32_C (1) : ~UINT32_C (0));
  update_context (plic, index / (ENABLE_STRIDE / 4));
}

static void
threshold_write (Device *dev, unsigned context, uint64_t written, uint64_t old)
{
  Plic *plic = (Plic *)dev;
  if (context_exists (plic, context, "threshold"))
    update_context (plic, context);
}

/* The threshold does not take part: it masks the notification, not the claim. */
static uint64_t
claim_read (Device *dev, unsigned context, uint64_t stored)
{
  Plic *plic = (Plic *)dev;
  if (!context_exists (plic, context, "claim"))
    return 0;
  unsigned n = best_source (plic, context);
  device_trace (dev, "context %u claims %u", context, n);
  if (n != 0) {
    set_bit (plic->pending, n, false);
    set_bit (plic->claimed, n, true);
    update (plic);
  }
  return n;
}

static void
complete_write (Device *dev, unsigned context, uint64_t written, uint64_t old)
{
  Plic *plic = (Plic *)dev;
  if (!context_exists (plic, context, "complete"))
    return;
  /* The specification has a completion of what is not enabled for the context ignored. */
  if (written == 0 || written >= PLIC_SOURCES || !get_bit (plic->enable[context], (unsigned)written)) {
    device_guest_error (dev, "context %u completes %" PRIu64 ", which is not enabled for it", context,
                        written);
    return;
  }
  device_trace (dev, "context %u completes %" PRIu64, context, written);
  set_bit (plic->claimed, (unsigned)written, false);
  if (forward (plic, (unsigned)written))
    update (plic);
}

static const Register plic_registers[] = {
  { .name = "priority",
    .offset = PRIORITY_BASE,
    .size = 4,
    .count = PLIC_SOURCES,
    .stride = 4,
    REGISTER_AT (Plic, priority),
    .writable = PLIC_MAX_PRIORITY,
    .write = priority_write },
  { .name = "pending",
    .offset = PENDING_BASE,
    .size = 4,
    .count = PLIC_WORDS,
    .stride = 4,
    REGISTER_AT (Plic, pending) },
  { .name = "enable",
    .offset = ENABLE_BASE,
    .size = 4,
    .count = PLIC_MAX_CONTEXTS * ENABLE_STRIDE / 4,
    .stride = 4,
    .writable = UINT32_MAX,
    .read = enable_read,
    .write = enable_write },
  { .name = "threshold",
    .offset = CONTEXT_BASE,
    .size = 4,
    .count = PLIC_MAX_CONTEXTS,
    .stride = CONTEXT_STRIDE,
    REGISTER_AT (Plic, threshold),
    .writable = PLIC_MAX_PRIORITY,
    .write = threshold_write },
  { .name = "claim",
    .offset = CONTEXT_BASE + 4,
    .size = 4,
    .count = PLIC_MAX_CONTEXTS,
    .stride = CONTEXT_STRIDE,
    .writable = UINT32_MAX,
    .read = claim_read,
    .write = complete_write },
  { 0 },
};

static const RegisterBank plic_bank = {
  .name = "plic",
  .size = PLIC_SIZE,
  .min_access = 4,
  .max_access = 4,
  .regs = plic_registers,
};

static void
plic_init (Device *dev)
{
  Plic *plic = (Plic *)dev;
  plic->region = device_add_bank (dev, &plic_bank);
}

static void
plic_reset (Device *dev)
{
  Plic *plic = (Plic *)dev;
  memset (plic->claimed, 0, sizeof plic->claimed);
  memset (plic->enable, 0, sizeof plic->enable);
  /* The levels are the other devices' outputs and survive; those still up ask anew. */
  for (unsigned n = 1; n < PLIC_SOURCES; n++)
    forward (plic, n);
  restate (plic);
}

static bool
plic_loaded (Device *dev, GError **error)
{
  Plic *plic = (Plic *)dev;
  plic->priority[0] = 0;
  for (unsigned n = 0; n < PLIC_SOURCES; n++)
    plic->priority[n] &= PLIC_MAX_PRIORITY;
  restate (plic);
  return true;
}

static const DeviceProp plic_props[] = {
  { "num-contexts", DEVICE_PROP_UINT32, offsetof (Plic, num_contexts), 2, PLIC_MAX_CONTEXTS,
    "hart privilege levels that take interrupts" },
  { 0 },
};

static const DeviceSave plic_saved[] = {
  { "claimed", DEVICE_SAVE_U32, offsetof (Plic, claimed), PLIC_WORDS },
  { "level", DEVICE_SAVE_U32, offsetof (Plic, level), PLIC_WORDS },
  { "enable", DEVICE_SAVE_U32, offsetof (Plic, enable), PLIC_MAX_CONTEXTS *PLIC_WORDS },
  { 0 },
};

const DeviceClass plic_class = {
  .name = "riscv-plic",
  .bus = "system",
  .category = "Interrupt controllers",
  .help = "RISC-V platform-level interrupt controller (PLIC)",
  .size = sizeof (Plic),
  .props = plic_props,
  .saved = plic_saved,
  .init = plic_init,
  .reset = plic_reset,
  .loaded = plic_loaded,
};
