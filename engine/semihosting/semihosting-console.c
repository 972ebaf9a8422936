/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The console, where it is a character device. What is received waits here for the guest to ask for it. */

#include "semihosting-private.h"

/* With the lock held. Once for each: another vCPU may have closed the handle before the wait began. */
static void
add_waiting (Semihosting *s, Cpu *cpu)
{
  if (!g_ptr_array_find (s->waiting, cpu, NULL))
    g_ptr_array_add (s->waiting, cpu);
}

/* With the lock held. */
static void
wake_all (Semihosting *s)
{
  for (unsigned i = 0; i < s->waiting->len; i++)
    cpu_kick (s->waiting->pdata[i]);
}

static size_t
can_receive (void *opaque)
{
  Semihosting *s = opaque;
  g_mutex_lock (&s->console_lock);
  size_t room = CONSOLE_INPUT - s->input_used;
  g_mutex_unlock (&s->console_lock);
  return room;
}

static void
receive (void *opaque, const uint8_t *data, size_t size)
{
  Semihosting *s = opaque;
  g_mutex_lock (&s->console_lock);
  for (size_t i = 0; i < size && s->input_used < CONSOLE_INPUT; i++)
    s->input[(s->input_start + s->input_used++) % CONSOLE_INPUT] = data[i];
  wake_all (s);
  g_mutex_unlock (&s->console_lock);
}

static void
writable (void *opaque)
{
  Semihosting *s = opaque;
  g_mutex_lock (&s->console_lock);
  wake_all (s);
  g_mutex_unlock (&s->console_lock);
}

bool
semihosting_attach_console (Semihosting *s, GError **error)
{
  static const ChardevFrontend frontend = { .can_receive = can_receive, .receive = receive };
  return chardev_attach (s->config.console, &frontend, s, error);
}

void
semihosting_detach_console (Semihosting *s)
{
  chardev_detach_one (s->config.console, s);
}

/* Whoever finds nothing is on the list before the lock is given up: what comes afterwards wakes it. */
ssize_t
semihosting_console_read (Semihosting *s, Cpu *cpu, void *buffer, size_t size)
{
  uint8_t *to = buffer;
  g_mutex_lock (&s->console_lock);
  size_t n = MIN (size, s->input_used);
  for (size_t i = 0; i < n; i++)
    to[i] = s->input[(s->input_start + i) % CONSOLE_INPUT];
  s->input_start = (unsigned)((s->input_start + n) % CONSOLE_INPUT);
  s->input_used -= (unsigned)n;
  if (n == 0 && size > 0)
    add_waiting (s, cpu);
  g_mutex_unlock (&s->console_lock);
  if (n > 0)
    chardev_accept_input (s->config.console);
  return n > 0 || size == 0 ? (ssize_t)n : SEMIHOSTING_WAIT;
}

ssize_t
semihosting_console_write (Semihosting *s, Cpu *cpu, const void *data, size_t size)
{
  Chardev *chr = s->config.console;
  if (chardev_writable (chr)) {
    chardev_write (chr, data, size);
    return (ssize_t)size;
  }
  g_mutex_lock (&s->console_lock);
  add_waiting (s, cpu);
  g_mutex_unlock (&s->console_lock);
  chardev_notify_writable (chr, writable, s);
  return SEMIHOSTING_WAIT;
}

bool
semihosting_console_wait (Semihosting *s, Cpu *cpu)
{
  bool goes_on = cpu_wait_kick (cpu);
  g_mutex_lock (&s->console_lock);
  g_ptr_array_remove (s->waiting, cpu);
  g_mutex_unlock (&s->console_lock);
  return goes_on;
}
