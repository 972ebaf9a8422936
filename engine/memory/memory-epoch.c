/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory-private.h"

_Thread_local MemoryReader *memory_reader;
_Atomic uint64_t memory_epoch = 1;

/* Records are never freed: those of ended threads serve new ones. */
static _Atomic (MemoryReader *) readers;

static void
reader_release (gpointer data)
{
  MemoryReader *reader = data;
  memory_reader = NULL;
  atomic_store (&reader->used, false);
}

static GPrivate release_at_exit = G_PRIVATE_INIT (reader_release);

MemoryReader *
memory_reader_register (void)
{
  MemoryReader *reader = atomic_load (&readers);
  for (; reader != NULL; reader = reader->next) {
    bool expected = false;
    if (atomic_compare_exchange_strong (&reader->used, &expected, true))
      break;
  }
  if (reader == NULL) {
    reader = g_aligned_alloc0 (1, sizeof *reader, _Alignof (MemoryReader));
    atomic_store (&reader->used, true);
    reader->next = atomic_load (&readers);
    while (!atomic_compare_exchange_weak (&readers, &reader->next, reader))
      ;
  }
  memory_reader = reader;
  g_private_set (&release_at_exit, reader);
  return reader;
}

uint64_t
memory_epoch_begin (void)
{
  return atomic_fetch_add (&memory_epoch, 1) + 1;
}

bool
memory_epoch_in_use (uint64_t epoch, bool others)
{
  for (MemoryReader *reader = atomic_load (&readers); reader != NULL; reader = reader->next) {
    if (others && reader == memory_reader)
      continue;
    uint64_t since = atomic_load (&reader->epoch);
    if (since != 0 && since < epoch)
      return true;
  }
  return false;
}
