/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "system.h"

#include <string.h>

/* What vCPUs want each other to do to their TLBs, on architectures whose instructions do that.
 *
 * Each vCPU has a box.  Whoever sends puts the work there and asks the vCPU to leave its code; the sender is
 * done once the others have read what it sent, or are outside of code (system_settle()): they read it before
 * they go back. One that waits for the others is itself outside, so that two who wait for each other both go
 * on. */

#define BOX 64

struct SystemMail {
  GMutex lock; /* protects what follows */
  CpuTlbWork work[BOX];
  unsigned n;
  bool all;      /* there was no more room: everything is to go */
  uint64_t sent; /* how many pieces of work were put here; atomic */
  uint64_t read; /* and done; atomic */
  bool waits;    /* the vCPU has sent something, and not made sure that it was done; its thread's own */
};

void
system_mail_init (Cpu *cpu)
{
  cpu->system->mail = g_new0 (struct SystemMail, 1);
  g_mutex_init (&cpu->system->mail->lock);
}

void
system_mail_free (Cpu *cpu)
{
  g_mutex_clear (&cpu->system->mail->lock);
  g_clear_pointer (&cpu->system->mail, g_free);
}

typedef struct {
  Cpu *from;
  const CpuTlbWork *work;
} Letter;

static void
deliver (Cpu *cpu, void *opaque)
{
  const Letter *letter = opaque;
  struct SystemMail *mail = cpu->system->mail;
  if (cpu == letter->from || cpu->system->memory != letter->from->system->memory)
    return;
  g_mutex_lock (&mail->lock);
  if (mail->n < BOX)
    mail->work[mail->n++] = *letter->work;
  else
    mail->all = true;
  __atomic_fetch_add (&mail->sent, 1, __ATOMIC_SEQ_CST);
  g_mutex_unlock (&mail->lock);
  cpu_request_exit (cpu);
}

void
cpu_tlb_send (Cpu *cpu, const CpuTlbWork *work)
{
  Letter letter = { cpu, work };
  system_each_cpu (deliver, &letter);
  cpu->system->mail->waits = true;
}

bool
system_mail_read (Cpu *cpu)
{
  struct SystemMail *mail = cpu->system->mail;
  uint64_t sent = __atomic_load_n (&mail->sent, __ATOMIC_SEQ_CST);
  if (G_LIKELY (sent == mail->read))
    return false;
  CpuTlbWork work[BOX];
  g_mutex_lock (&mail->lock);
  unsigned n = mail->n;
  bool all = mail->all;
  memcpy (work, mail->work, n * sizeof *work);
  sent = mail->sent;
  mail->n = 0;
  mail->all = false;
  g_mutex_unlock (&mail->lock);
  if (all)
    cpu->system->isa->tlb_work (cpu, NULL);
  else
    for (unsigned i = 0; i < n; i++)
      cpu->system->isa->tlb_work (cpu, &work[i]);
  __atomic_store_n (&mail->read, sent, __ATOMIC_SEQ_CST);
  return true;
}

typedef struct {
  const Cpu *from;
  bool all_done;
} Inquiry;

/* What arrives later than what is asked about is waited for, too: that is no longer than the next look. */
static void
inquire (Cpu *cpu, void *opaque)
{
  Inquiry *inquiry = opaque;
  const struct SystemMail *mail = cpu->system->mail;
  if (cpu == inquiry->from || cpu->system->memory != inquiry->from->system->memory ||
      __atomic_load_n (&cpu->system->seen, __ATOMIC_SEQ_CST) == UINT64_MAX)
    return;
  if (__atomic_load_n (&mail->read, __ATOMIC_SEQ_CST) != __atomic_load_n (&mail->sent, __ATOMIC_SEQ_CST))
    inquiry->all_done = false;
}

static bool
all_have_read (const Cpu *cpu)
{
  Inquiry inquiry = { cpu, true };
  system_each_cpu (inquire, &inquiry);
  return inquiry.all_done;
}

/* They are asked to leave their code, and do so within microseconds where the host runs them. */
bool
cpu_tlb_sent_done (Cpu *cpu)
{
  struct SystemMail *mail = cpu->system->mail;
  bool done;
  if (!mail->waits)
    return true;
  system_settle (cpu, false);
  for (unsigned tries = 0; !(done = all_have_read (cpu)); tries++) {
    if (__atomic_load_n (&cpu->state.exit_request, __ATOMIC_ACQUIRE) != 0)
      break;
    if (tries < 100)
      __builtin_ia32_pause ();
    else if (tries < 1000)
      g_thread_yield ();
    else
      g_usleep (50);
  }
  system_settle (cpu, true);
  if (done)
    mail->waits = false;
  return done && !system_mail_read (cpu);
}
