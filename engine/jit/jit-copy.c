/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

/* Copies of code for other guest addresses. Each process of a guest has its programs and libraries where
 * chance puts them: what was compiled for one serves the next one with other addresses in it. */

static uint32_t
read32 (const uint8_t *at)
{
  uint32_t v;
  memcpy (&v, at, sizeof v);
  return v;
}

static void
write32 (uint8_t *at, uint32_t v)
{
  memcpy (at, &v, sizeof v);
}

static uint64_t
read64 (const uint8_t *at)
{
  uint64_t v;
  memcpy (&v, at, sizeof v);
  return v;
}

static void
write64 (uint8_t *at, uint64_t v)
{
  memcpy (at, &v, sizeof v);
}

/* The page's entry is as many pages further on. */
static void
move_page_id (uint8_t *id, uint64_t distance)
{
  const uint32_t first = (uint32_t)(offsetof (JitSpace, exec) + offsetof (JitExecEntry, id));
  uint32_t index = (read32 (id - 4) - first) / sizeof (JitExecEntry);
  index = (uint32_t)jit_exec_index (((uint64_t)index << JIT_PAGE_BITS) + distance);
  write32 (id - 4, first + index * (uint32_t)sizeof (JitExecEntry));
  write32 (id, 0);
}

/* Writes at `image` what `from` would be as the code `to`, which knows its pc, entry and counter, with no
 * jump linked. */
static void
write_image (uint8_t *image, const JitCode *from, const JitCode *to)
{
  const uint64_t distance = to->pc - from->pc;
  memcpy (image, from->entry - code_cache_delta (), from->size);
  image[0] = 0x83, image[1] = 0x2d; /* Code that was replaced begins with a jump. */
  for (unsigned i = 0; i < from->n_moves; i++) {
    const JitMove *move = &from->moves[i];
    uint8_t *at = image + move->offset;
    switch ((JitMoveKind)move->kind) {
      case MOVE_PC: write64 (at, read64 (at) + distance); break;
      case MOVE_OUT: write32 (at, read32 (at) - (uint32_t)(to->entry - from->entry)); break;
      case MOVE_COUNTER:
        write32 (at, (uint32_t)((uint8_t *)to->counter - (to->entry + move->offset + 5)));
        break;
      case MOVE_SELF: write64 (at, (uintptr_t)to); break;
      case MOVE_SITE: write32 (at, move->way - (move->offset + 4)); break;
      case MOVE_PAGE_ID: move_page_id (at, distance); break;
    }
  }
}

/* Jumps inside the page to code that exists: see JitStubs.link for what lies behind the call of it. */
static void
link_image (uint8_t *image, const JitCode *from, const JitCode *to)
{
  for (unsigned i = 0; i < from->n_moves; i++) {
    const JitMove *move = &from->moves[i];
    const uint8_t *data = image + move->way + 5;
    if (move->kind != MOVE_SITE || read32 (data + 4) != 0)
      continue;
    uint64_t pc = read64 (data + 8);
    const JitCode *target = jit_lookup (pc, to->ram + (pc - to->pc), to->mode);
    if (target != NULL)
      write32 (image + move->offset, (uint32_t)(target->entry - (to->entry + move->offset + 4)));
  }
}

static void
copy_tables (JitCode *to, const JitCode *from)
{
  size_t returns = from->n_returns * sizeof (ReturnPoint), sources = from->n_sources * sizeof (SourceRange),
         faults = from->n_faults * sizeof (FaultPoint), bytes = 1;
  to->n_returns = from->n_returns;
  to->n_sources = from->n_sources;
  to->n_faults = from->n_faults;
  to->returns = g_malloc (returns + sources + faults + 1);
  to->sources = (SourceRange *)((char *)to->returns + returns);
  to->faults = (FaultPoint *)((char *)to->sources + sources);
  memcpy (to->returns, from->returns, returns);
  memcpy (to->sources, from->sources, sources);
  memcpy (to->faults, from->faults, faults);
  for (unsigned i = 0; i < to->n_returns; i++)
    to->returns[i].pc += to->pc - from->pc;
  for (unsigned i = 0; i < to->n_sources; i++)
    bytes = MAX (bytes, to->sources[i].bytes + to->sources[i].size);
  to->bytes = g_memdup2 (from->bytes, bytes);
}

JitCode *
jit_copy (JitThread *t, uint64_t pc, uint64_t ram, uint32_t mode)
{
  const JitCode *from = table_original (ram, mode);
  const Chunk *room = from != NULL ? code_cache_room (t, from->lasting, from->size) : NULL;
  int32_t *counter = room != NULL ? code_cache_counter (jit_config.hot_threshold) : NULL;
  if (counter == NULL)
    return NULL;
  JitCode *to = jit_code_new (pc, ram, mode, JIT_BLOCK);
  to->entry = room->p + code_cache_delta ();
  to->body = to->entry + (from->body - from->entry);
  to->size = from->size;
  to->stale_entry = from->stale_entry;
  to->counter = counter;
  write_image (room->p, from, to);
  link_image (room->p, from, to);
  copy_tables (to, from);
  return jit_code_done (t, to, NULL);
}

bool
jit_copy_is_exact (JitThread *t, const JitCode *copy, const IrRegion *r)
{
  const JitCode *from = table_original (copy->ram, copy->mode);
  if (from == NULL || from->pc == copy->pc)
    return true; /* It has become invalid meanwhile. */
  JitCode fresh = *copy;
  fresh.moves = NULL;
  if (!jit_lower_apart (t, r, &fresh))
    return true; /* no room */
  g_autofree JitMove *moves = fresh.moves;
  if (moves == NULL || fresh.size != from->size)
    return false;
  g_autofree uint8_t *moved = g_malloc (fresh.size), *made = g_malloc (fresh.size);
  write_image (moved, from, copy);
  write_image (made, &fresh, copy);
  return memcmp (moved, made, fresh.size) == 0;
}
