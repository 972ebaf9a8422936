/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lower.h"

#include <asm/prctl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

JitConfig jit_config;
JitCounters jit_counters;
bool jit_has_wide, jit_has_aes, jit_has_gfni;

#define STACK_SIZE  (256 * 1024)
#define DEFAULT_HOT 200

bool
jit_supported (void)
{
#ifdef __x86_64__
  __builtin_cpu_init ();
  return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma") &&
         __builtin_cpu_supports ("bmi2") && __builtin_cpu_supports ("bmi") &&
         __builtin_cpu_supports ("lzcnt") && __builtin_cpu_supports ("popcnt") &&
         __builtin_cpu_supports ("pclmul");
#else
  return false;
#endif
}

static void
make_pinned_map (void)
{
  memset (&jit_pinned_map, -1, sizeof jit_pinned_map);
  for (unsigned i = 0; i < n_pinned_gpr () && i < jit_config.n_hot_int; i++)
    jit_pinned_map.gpr[jit_config.hot_int[i]] = jit_pinned_gpr[i];
  for (unsigned i = 0; i < n_pinned_xmm () && i < jit_config.n_hot_fp; i++)
    jit_pinned_map.xmm[jit_config.hot_fp[i]] = jit_pinned_xmm[i];
}

bool
jit_init (const JitConfig *config, GError **error)
{
  jit_config = *config;
  if (config->softmmu != NULL)
    jit_alone = false; /* devices see guest memory */
  if (jit_config.hot_threshold == 0)
    jit_config.hot_threshold = DEFAULT_HOT;
  for (unsigned v = 0; v < config->n_vars; v++)
    jit_has_wide |= var_is_wide (v);
  make_pinned_map ();
  jit_has_aes = __builtin_cpu_supports ("aes");
  jit_has_gfni = __builtin_cpu_supports ("gfni");
  return code_cache_init (config->cache_size, error);
}

static void
fill_consts (uint64_t *c)
{
  c[JIT_C_NAN32] = UINT64_C (0xffffffff7fc00000);
  c[JIT_C_NAN64] = UINT64_C (0x7ff8000000000000);
  c[JIT_C_SIGN32] = UINT64_C (0x80000000);
  c[JIT_C_SIGN64] = UINT64_C (0x8000000000000000);
  c[JIT_C_BOX32] = UINT64_C (0xffffffff00000000);
  c[JIT_C_ABS32] = ~UINT64_C (0x80000000);
  c[JIT_C_ABOVE32] = UINT64_C (0xffffffff00000000);
  c[JIT_C_ABOVE32 + 1] = c[JIT_C_ABOVE64 + 1] = UINT64_MAX;
  c[JIT_C_ABS64] = ~UINT64_C (0x8000000000000000);
  c[JIT_C_INF64X2] = UINT64_C (0xffe0000000000000);
  for (unsigned i = 0; i < 2; i++) {
    c[JIT_C_ABS32S + i] = UINT64_C (0x7fffffff7fffffff);
    c[JIT_C_ABS64S + i] = UINT64_C (0x7fffffffffffffff);
    c[JIT_C_MIN32S + i] = UINT64_C (0x0080000000800000);
    c[JIT_C_MIN64S + i] = UINT64_C (0x0010000000000000);
  }
}

static void
lower_init (JitThread *t)
{
  Lower *l = g_new0 (Lower, 1);
  l->thread = t;
  l->fixups = g_array_new (FALSE, FALSE, sizeof (Fixup));
  l->cold = g_array_new (FALSE, FALSE, sizeof (Cold));
  l->literals = g_array_new (FALSE, FALSE, sizeof (Literal));
  l->faults = g_array_new (FALSE, FALSE, sizeof (FaultPoint));
  l->returns = g_array_new (FALSE, FALSE, sizeof (ReturnPoint));
  l->moves = g_array_new (FALSE, FALSE, sizeof (JitMove));
  l->outward = g_array_new (FALSE, FALSE, sizeof (uint32_t));
  t->lower = l;
}

JitThread *
jit_thread_new (JitState *js)
{
  static gsize stubs;
  JitThread *t = g_new0 (JitThread, 1);
  t->js = js;
  t->stack_size = STACK_SIZE;
  t->stack = mmap (NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (t->stack == MAP_FAILED || mprotect (t->stack, sysconf (_SC_PAGESIZE), PROT_NONE) < 0) {
    if (t->stack != MAP_FAILED)
      munmap (t->stack, STACK_SIZE);
    g_free (t);
    return NULL;
  }
  fill_consts (js->consts);
  js->mxcsr_masked = MXCSR_DEFAULT;
  for (unsigned flags = 0; flags < 32; flags++)
    js->flags_reversed[flags] = ir_fpflags_reverse (flags);
  if (jit_config.guest_base != 0) /* guest operands carry a gs prefix */
    syscall (SYS_arch_prctl, ARCH_SET_GS, jit_config.guest_base);
  jit_state_clear (js);
  lower_init (t);
  if (g_once_init_enter (&stubs)) {
    stubs_init (t);
    g_once_init_leave (&stubs, 1);
  }
  stack_reset (t);
  table_add_thread (t);
  return t;
}

void
jit_thread_free (JitThread *t)
{
  if (t == NULL)
    return;
  table_remove_thread (t);
  munmap (t->stack, t->stack_size);
  Lower *l = t->lower;
  g_array_unref (l->fixups);
  g_array_unref (l->cold);
  g_array_unref (l->literals);
  g_array_unref (l->faults);
  g_array_unref (l->returns);
  g_array_unref (l->moves);
  g_array_unref (l->outward);
  g_free (l->temps);
  g_free (l->last_use);
  g_free (l);
  g_free (t);
}

void
jit_state_clear (JitState *js)
{
  if (js->space != NULL)
    memset (js->space->jumps, 0xff, sizeof js->space->jumps);
  memset (js->jumps, 0, sizeof js->jumps);
  js->jumps[0].pc = 1; /* An empty entry must not match pc 0, which falls here. */
}

void
jit_clear_jumps (JitThread *t)
{
  jit_state_clear (t->js);
}

/* The bytes most regions fit into; lowering finds out about the others. */
static size_t
room_for (const IrRegion *r)
{
  return LOWER_MARGIN + r->n_blocks * 256 + r->n_ops * 48;
}

static uint64_t
source_addr (const IrRegion *r, const IrBlock *b)
{
  return jit_config.softmmu != NULL ? IR_RAM_ADDR (r->ram) + (b->pc - r->pc) : b->pc;
}

static void
add_sources (JitCode *code, const IrRegion *r, const IrBlock *b, uint32_t at)
{
  uint32_t first = b->size;
  uint64_t addr = source_addr (r, b);
  if (jit_config.softmmu != NULL && b->crosses)
    first = (1u << JIT_PAGE_BITS) - (b->pc & ((1u << JIT_PAGE_BITS) - 1));
  code->sources[code->n_sources++] = (SourceRange){ addr, first, at };
  if (first < b->size)
    code->sources[code->n_sources++] =
        (SourceRange){ IR_RAM_ADDR (r->next_ram), b->size - first, at + first };
}

/* The tables that belong to finished code. */
static void
fill_tables (Lower *l)
{
  const IrRegion *r = l->r;
  size_t bytes = 0, empty = 0;
  for (uint32_t i = 0; i < r->n_blocks; i++) {
    bytes += r->blocks[i].size;
    empty += r->blocks[i].size == 0;
  }
  size_t faults = l->faults->len * sizeof (FaultPoint), returns = l->returns->len * sizeof (ReturnPoint);
  size_t sources = (r->n_blocks + 1) * sizeof (SourceRange); /* A block that crosses has two. */
  JitCode *code = l->code;
  code->returns = g_malloc (returns + sources + faults + 1);
  code->sources = (SourceRange *)((char *)code->returns + returns);
  code->faults = (FaultPoint *)((char *)code->sources + sources);
  code->n_faults = l->faults->len;
  code->n_returns = l->returns->len;
  if (faults > 0)
    memcpy (code->faults, l->faults->data, faults);
  if (returns > 0)
    memcpy (code->returns, l->returns->data, returns);
  code->bytes = g_malloc0 (bytes + empty + 1);
  uint32_t at = 0, at_empty = (uint32_t)bytes;
  for (uint32_t i = 0; i < r->n_blocks; i++) {
    const IrBlock *b = &r->blocks[i];
    if (b->split)
      continue;
    if (b->size == 0) { /* A breakpoint, or nothing that can be fetched: that may change as well. */
      jit_config.read (source_addr (r, b), code->bytes + at_empty, 1);
      code->sources[code->n_sources++] = (SourceRange){ source_addr (r, b), 1, at_empty++ };
      continue;
    }
    if (r->n_source == bytes)
      memcpy (code->bytes + at, r->source + at, b->size);
    else
      jit_config.read (b->pc, code->bytes + at, b->size);
    add_sources (code, r, b, at);
    at += b->size;
  }
}

static void
count_compile (const IrRegion *r, JitTier tier, size_t size)
{
  uint64_t insns = 0;
  for (uint32_t i = 0; i < r->n_blocks; i++)
    insns += r->blocks[i].n_insns;
  __atomic_fetch_add (&jit_counters.regions[tier], 1, __ATOMIC_RELAXED);
  __atomic_fetch_add (&jit_counters.insns[tier], insns, __ATOMIC_RELAXED);
  __atomic_fetch_add (&jit_counters.host_bytes, size, __ATOMIC_RELAXED);
}

/* A line for perf, which looks for /tmp/perf-PID.map: address, size, name. */
static void
perf_map_add (const JitCode *code)
{
  static FILE *file;
  static pid_t owner;
  if (owner != getpid ()) {
    g_autofree char *name = g_strdup_printf ("/tmp/perf-%d.map", (int)getpid ());
    file = fopen (name, "ae");
    owner = getpid ();
  }
  if (file == NULL)
    return;
  fprintf (file, "%" PRIxPTR " %x guest_%" PRIx64 "%s\n", (uintptr_t)code->entry, code->size, code->pc,
           code->tier == JIT_REGION ? "_hot" : "");
  fflush (file);
}

/* Lowers the region, with more room when it turns out to need more. FALSE when the cache has none left. */
static bool
lower_with_room (JitThread *t, size_t size)
{
  Lower *l = t->lower;
  for (;;) {
    const Chunk *room = code_cache_room (t, l->code->lasting, size);
    if (room == NULL)
      return false;
    l->a = (Asm){ .p = room->p, .limit = room->end, .delta = code_cache_delta (), .start = room->p };
    l->movable = l->tier == JIT_BLOCK && l->r->movable;
    l->a.outward = l->movable ? l->outward : NULL;
    l->code->entry = room->p + l->a.delta;
    g_array_set_size (l->fixups, 0);
    g_array_set_size (l->cold, 0);
    g_array_set_size (l->literals, 0);
    g_array_set_size (l->faults, 0);
    g_array_set_size (l->returns, 0);
    g_array_set_size (l->moves, 0);
    g_array_set_size (l->outward, 0);
    if (lower_region (l)) {
      l->code->size = (uint32_t)(l->a.p - room->p);
      return true;
    }
    size = 2 * (size_t)(room->end - room->p);
  }
}

JitCode *
jit_code_new (uint64_t pc, uint64_t ram, uint32_t mode, JitTier tier)
{
  JitCode *code = g_new0 (JitCode, 1);
  code->pc = pc;
  code->ram = ram;
  code->mode = mode;
  code->tier = tier;
  code->lasting = (mode & jit_config.lasting_mode) != 0;
  code->valid = true;
  return code;
}

JitCode *
jit_code_done (JitThread *t, JitCode *code, JitCode *replaces)
{
  code_cache_commit (t, code, code->entry - code_cache_delta () + code->size);
  if (jit_config.perf_map)
    perf_map_add (code);
  return table_publish (t, code, replaces);
}

/* How to copy the code that was lowered, if it can be. */
static void
take_moves (Lower *l)
{
  if (!l->movable)
    return;
  for (unsigned i = 0; i < l->outward->len; i++) {
    JitMove move = { .offset = g_array_index (l->outward, uint32_t, i), .kind = MOVE_OUT };
    g_array_append_val (l->moves, move);
  }
  l->code->n_moves = l->moves->len;
  l->code->moves = g_memdup2 (l->moves->data, l->moves->len * sizeof (JitMove));
}

static void
prepare (Lower *l, const IrRegion *r, JitCode *code, JitCode *cold, const VarMap *map)
{
  l->r = r;
  l->tier = code->tier;
  l->code = code;
  l->slow_path = cold;
  l->counter = code->counter;
  l->map = map;
}

JitCode *
jit_compile (JitThread *t, const IrRegion *r, JitTier tier, JitCode *cold)
{
  Lower *l = t->lower;
  int32_t *counter = tier == JIT_BLOCK ? code_cache_counter (jit_config.hot_threshold) : NULL;
  if (tier == JIT_BLOCK && counter == NULL)
    return NULL;
  VarMap map;
  bool own = false;
  if (tier == JIT_REGION)
    map_region (r, &map, &own);
  JitCode *code = jit_code_new (r->pc, r->ram, r->mode, tier);
  code->counter = counter;
  prepare (l, r, code, cold, own ? &map : &jit_pinned_map);
  if (!lower_with_room (t, room_for (r))) {
    g_free (code);
    return NULL;
  }
  code->map = own ? g_memdup2 (&map, sizeof map) : NULL;
  fill_tables (l);
  take_moves (l);
  if (jit_config.count)
    count_compile (r, tier, code->size);
  return jit_code_done (t, code, cold);
}

bool
jit_lower_apart (JitThread *t, const IrRegion *r, JitCode *code)
{
  prepare (t->lower, r, code, NULL, &jit_pinned_map);
  if (!lower_with_room (t, room_for (r)))
    return false;
  take_moves (t->lower);
  return true;
}

uint64_t
jit_code_pc (const JitCode *code)
{
  return code->pc;
}

void
jit_cool (JitCode *code, int n)
{
  __atomic_store_n (code->counter, n, __ATOMIC_RELAXED);
}

/* The inline data of a link exit: where the rel32 is, where the page id that guards it is, then the guest pc.
 * A guarded jump is linked once: the id is written last, and until then nobody passes the guard. */
void
jit_link (JitThread *t, const JitCode *to)
{
  const uint8_t *data = (const uint8_t *)t->js->exit_info;
  int32_t offset[2], rel;
  memcpy (offset, data, sizeof offset);
  uint32_t *id = offset[1] != 0 ? (uint32_t *)(data + offset[1] - code_cache_delta ()) : NULL;
  static GMutex lock; /* protects guarded jumps, which take two stores */
  g_autoptr (GMutexLocker) locker = id != NULL ? g_mutex_locker_new (&lock) : NULL;
  if (id != NULL && __atomic_load_n (id, __ATOMIC_ACQUIRE) != 0)
    return;
  uint8_t *site = (uint8_t *)data + offset[0] - code_cache_delta ();
  rel = to->entry - (data + offset[0] + 4);
  __atomic_store_n ((int32_t *)site, rel, __ATOMIC_RELEASE);
  if (id == NULL)
    return;
  const uint64_t in_page = (1u << JIT_PAGE_BITS) - 1;
  __atomic_store_n (id, jit_page_id (to->pc & ~in_page, to->ram & ~in_page), __ATOMIC_RELEASE);
}

void
jit_space_changed (JitThread *t)
{
  stack_reset (t);
}

void
jit_cache_jump (JitThread *t, const JitCode *to)
{
  JitJump *jumps = t->js->space != NULL ? t->js->space->jumps : t->js->jumps;
  JitJump *jump = &jumps[(to->pc >> 1) & (JIT_JUMPS - 1)];
  jump->entry = to->entry;
  jump->pc = to->pc;
}
