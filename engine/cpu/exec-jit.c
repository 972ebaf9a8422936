/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exec-jit.h"

#include "exec-interp.h"
#include "guest-mem.h"
#include "system.h"
#include "tag-sites.h"
#include "trace.h"
#include "translate.h"
#include <time.h>

/* Cold code is compiled a few blocks at a time, along the fall-through path. Code that has run often is
 * compiled again as a region: all that has run and can be reached, loops included. */
#define COLD_INSNS  40
#define COLD_BLOCKS 4
#define HOT_INSNS   400
#define HOT_BLOCKS  48

/* Bytes of code that a machine keeps by default; it is as much again with all that belongs to it. Short-lived
 * processes leave code behind that nobody needs any more: with twice the room a boot is no faster. */
#define SYSTEM_CACHE (22u << 20)

/* What the translator needs besides the vCPU, one per host thread. */
typedef struct {
  IrBuilder builder;
  IrRegion *region;
} Workshop;

static void
workshop_free (gpointer data)
{
  Workshop *w = data;
  ir_region_free (w->region);
  g_free (w);
}

static GPrivate workshop_key = G_PRIVATE_INIT (workshop_free);

static Workshop *
workshop (void)
{
  Workshop *w = g_private_get (&workshop_key);
  if (w == NULL) {
    w = g_new0 (Workshop, 1);
    w->region = ir_region_new ();
    g_private_set (&workshop_key, w);
  }
  return w;
}

static _Thread_local Cpu *reader;

static bool
read_guest (uint64_t addr, void *out, size_t size)
{
  for (size_t done = 0; done < size;) {
    IrFault fault;
    size_t n = reader->fetch (reader, addr + done, (uint8_t *)out + done, size - done, &fault);
    if (n == 0)
      return false;
    done += n;
  }
  return true;
}

static bool
read_ram (uint64_t addr, void *out, size_t size)
{
  return system_read_ram (addr, out, size);
}

static bool
init_once (const Cpu *cpu)
{
  static gsize state;
  if (g_once_init_enter (&state)) {
    const GuestIsa *isa = cpu->isa;
    static uint8_t types[IR_MAX_VARS];
    for (unsigned i = 0; i < isa->n_vars; i++)
      types[i] = isa->vars[i].type;
    JitConfig config = {
      .n_vars = isa->n_vars,
      .var_types = types,
      .n_hot_int = isa->n_hot_int,
      .n_hot_fp = isa->n_hot_fp,
      .hot_int = isa->hot_int,
      .hot_fp = isa->hot_fp,
      .helpers = isa->helpers,
      .guest_base = cpu->system != NULL ? 0 : guest_base,
      .addr32 = isa->bits == 32,
      .softmmu = cpu->system != NULL ? &system_softmmu : NULL,
      .read = cpu->system != NULL ? read_ram : read_guest,
      .cache_size = cpu_settings.code_cache_size == 0 && cpu->system != NULL ? SYSTEM_CACHE
                                                                             : cpu_settings.code_cache_size,
      .lasting_mode = cpu->system != NULL ? cpu->system->isa->privileged_mode : 0,
      .hot_threshold = cpu_settings.hot_threshold,
      .count = cpu_settings.count,
      .perf_map = cpu_settings.perf_map,
    };
    GError *error = NULL;
    bool ok = jit_supported () && jit_init (&config, &error);
    if (error != NULL) {
      g_printerr ("vitrine: %s; interpreting instead, which is slow\n", error->message);
      g_error_free (error);
    }
    g_once_init_leave (&state, ok ? 1 : 2);
  }
  return state == 1;
}

bool
exec_jit_ready (Cpu *cpu)
{
  if (cpu->jit != NULL)
    return true;
  if (cpu_settings.interpret || trace_blocks () || !init_once (cpu))
    return false;
  cpu->jit = jit_thread_new (&cpu->jit_state);
  return cpu->jit != NULL;
}

void
exec_jit_free (Cpu *cpu)
{
  jit_thread_free (cpu->jit);
}

void
exec_jit_flush_icache (Cpu *cpu, uint64_t start, uint64_t size)
{
  if (cpu->jit == NULL)
    return;
  reader = cpu;
  jit_begin (cpu->jit);
  jit_invalidate_changed (start, size);
  jit_end (cpu->jit);
}

static uint64_t translated_insns, translate_ns;

/* The time, less what went into counting host instructions. */
static uint64_t
work_ns (const Cpu *cpu)
{
  struct timespec ts;
  clock_gettime (CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * UINT64_C (1000000000) + ts.tv_nsec - 1000 * jit_measuring_us (cpu->jit);
}

/* System mode: an instruction whose second part is not there is not remembered as such; it may come to be. */
static bool
cannot_fetch (const Cpu *cpu, const IrRegion *r)
{
  return cpu->system != NULL && r->blocks[0].n_insns == 0 && r->blocks[0].reason == IR_EXIT_FETCH_FAULT;
}

/* NULL with *ret_exit set: there is no instruction at pc. NULL otherwise: the code cache is full. */
static JitCode *
compile (Cpu *cpu, uint64_t pc, const TranslateScope *scope, JitTier tier, JitCode *cold, IrExit *ret_exit)
{
  Workshop *w = workshop ();
  uint64_t start = cpu_settings.count ? work_ns (cpu) : 0;
  jit_translating (cpu->jit);
  reader = cpu;
  translate_region (cpu, &w->builder, w->region, pc, scope);
  trace_region (cpu, w->region);
  if (cannot_fetch (cpu, w->region)) {
    *ret_exit = IR_EXIT_FETCH_FAULT;
    return NULL;
  }
  JitCode *code = jit_compile (cpu->jit, w->region, tier, cold);
  if (cpu_settings.count) {
    __atomic_fetch_add (&translate_ns, work_ns (cpu) - start, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < w->region->n_blocks; i++)
      __atomic_fetch_add (&translated_insns, w->region->blocks[i].n_insns, __ATOMIC_RELAXED);
  }
  trace_code (code);
  return code;
}

/* Begins to use code. After a flush no page id and no jump holds any more. */
static void
begin (Cpu *cpu)
{
  jit_begin (cpu->jit);
  if (cpu->system != NULL && cpu->system->epoch != jit_epoch (cpu->jit)) {
    system_forget_code (cpu);
    cpu->system->returns_void = false; /* A flush has emptied the stack, too. */
    cpu->system->epoch = jit_epoch (cpu->jit);
  }
}

static void
renew (Cpu *cpu)
{
  jit_flush (cpu->jit);
  jit_end (cpu->jit);
  begin (cpu);
}

/* Code made for the same bytes at another address, if there is any. */
static JitCode *
copy (Cpu *cpu, uint64_t ram, const TranslateScope *scope)
{
  if (!translate_may_copy (cpu, cpu->state.pc))
    return NULL;
  jit_translating (cpu->jit);
  JitCode *code = jit_copy (cpu->jit, cpu->state.pc, ram, cpu->state.mode);
  if (G_UNLIKELY (cpu_settings.check_copies) && code != NULL) {
    Workshop *w = workshop ();
    translate_region (cpu, &w->builder, w->region, cpu->state.pc, scope);
    if (!jit_copy_is_exact (cpu->jit, code, w->region))
      g_printerr ("the copy of code at %#" G_GINT64_MODIFIER "x is not exact\n", cpu->state.pc);
  }
  return code;
}

/* The code at state.pc, made if there is none; NULL when the cache is full. */
static JitCode *
find_at (Cpu *cpu, uint64_t ram, IrExit *ret_exit)
{
  static const TranslateScope cold = { .max_insns = COLD_INSNS, .max_blocks = COLD_BLOCKS };
  static const TranslateScope one = { .max_insns = 1, .max_blocks = 1 };
  JitCode *code = jit_lookup (cpu->state.pc, ram, cpu->state.mode);
  if (code == NULL)
    code = copy (cpu, ram, &cold);
  if (code == NULL)
    code = compile (cpu, cpu->state.pc, cpu_settings.one_insn_per_block ? &one : &cold, JIT_BLOCK, NULL,
                    ret_exit);
  return code;
}

/* One instruction without code of its own. */
static IrExit
interpret_one (Cpu *cpu)
{
  IrExit exit = interp_step (cpu, true);
  return exit == IR_EXIT_NONE && cpu->state.exit_request != 0 ? IR_EXIT_REQUEST : exit;
}

/* The code to go on with at state.pc, or NULL and why there is none. Code may have become invalid while it
 * was made, again and again if another vCPU keeps writing next to it: interpreting goes on in any case. */
static JitCode *
find (Cpu *cpu, IrExit *ret_exit)
{
  for (;;) {
    uint64_t ram = 0;
    JitCode *code = NULL;
    SystemExec where = cpu->system != NULL ? system_exec (cpu, cpu->state.pc, &ram) : SYSTEM_EXEC_OK;
    *ret_exit = where == SYSTEM_EXEC_FAULT ? IR_EXIT_FETCH_FAULT : IR_EXIT_NONE;
    if (where == SYSTEM_EXEC_OK)
      code = find_at (cpu, ram, ret_exit);
    if (*ret_exit != IR_EXIT_NONE || (code != NULL && jit_code_valid (code)))
      return code;
    if (where == SYSTEM_EXEC_OK && code == NULL)
      renew (cpu);
    else if ((*ret_exit = interpret_one (cpu)) != IR_EXIT_NONE)
      return NULL;
  }
}

static bool
has_run (Cpu *cpu, uint64_t pc)
{
  uint64_t ram = 0;
  if (cpu->system != NULL && system_exec (cpu, pc, &ram) != SYSTEM_EXEC_OK)
    return false;
  return jit_lookup (pc, ram, cpu->state.mode) != NULL;
}

static JitCode *
promote (Cpu *cpu, IrExit *ret_exit)
{
  static const TranslateScope hot = { .max_insns = HOT_INSNS, .max_blocks = HOT_BLOCKS, .wants = has_run };
  JitCode *cold = (JitCode *)cpu->jit_state.exit_info;
  jit_cool (cold, G_MAXINT32);
  if (cpu_settings.one_insn_per_block)
    return cold;
  JitCode *code = compile (cpu, cpu->state.pc, &hot, JIT_REGION, cold, ret_exit);
  if (code == NULL && *ret_exit == IR_EXIT_NONE)
    renew (cpu);
  return code;
}

/* Forced modes, for tests: everything is thrown away, or an exit appears, every so often. */
static void
disturb (Cpu *cpu)
{
  static unsigned flushes, interrupts;
  if (cpu_settings.flush_every != 0 &&
      __atomic_add_fetch (&flushes, 1, __ATOMIC_RELAXED) % cpu_settings.flush_every == 0)
    renew (cpu);
  if (cpu_settings.interrupt_every != 0 &&
      __atomic_add_fetch (&interrupts, 1, __ATOMIC_RELAXED) % cpu_settings.interrupt_every == 0)
    cpu_request_exit (cpu);
}

static uint64_t exits[4];

static void
count_exit (unsigned reason)
{
  if (reason >= JIT_EXIT_LINK && reason <= JIT_EXIT_INTERPRET)
    __atomic_fetch_add (&exits[reason - JIT_EXIT_LINK], 1, __ATOMIC_RELAXED);
}

/* Whether a jump to pc that has just been left by leads to `code` whenever it is taken. Not where
 * instructions were interpreted first, nor after a flush of the TLB during which the jumping code has gone
 * on. */
static bool
may_link (const Cpu *cpu, const JitCode *code, uint64_t pc)
{
  return jit_code_pc (code) == pc && (cpu->system == NULL || !cpu->system->returns_void);
}

/* A case that the code does not cover. Where that was a tag, it is code that ignores tags from now on: a
 * program that tags some pointers keeps using them at the same places. */
static IrExit
interpret_rare (Cpu *cpu)
{
  uint64_t pc = cpu->state.pc;
  cpu->met_tag = false;
  IrExit exit = interp_step (cpu, true);
  if (G_LIKELY (!cpu->met_tag))
    return exit;
  switch (tag_ignore_at (pc)) {
    case TAG_KNOWN: break;
    case TAG_NEW_SITE: jit_invalidate (pc, cpu->isa->insn_align); break;
    case TAG_EVERYWHERE: renew (cpu); break;
  }
  return exit;
}

/* Sees to what code came back for, where that is the run loop's own business. Returns the code to go on with;
 * NULL with *ret_exit set (or with IR_EXIT_NONE: to be looked up). */
static JitCode *
handle (Cpu *cpu, unsigned reason, IrExit *ret_exit)
{
  JitCode *code = NULL;
  *ret_exit = IR_EXIT_NONE;
  switch (reason) {
    case JIT_EXIT_LINK: {
      uint64_t flushes = jit_counters.flushes, pc = cpu->state.pc;
      code = find (cpu, ret_exit);
      if (code != NULL && flushes == jit_counters.flushes && may_link (cpu, code, pc))
        jit_link (cpu->jit, code);
      break;
    }
    case JIT_EXIT_LOOKUP:
      code = find (cpu, ret_exit);
      if (code != NULL)
        jit_cache_jump (cpu->jit, code);
      break;
    case JIT_EXIT_HOT: code = promote (cpu, ret_exit); break;
    case JIT_EXIT_INTERPRET: *ret_exit = interpret_rare (cpu); break;
    default: *ret_exit = reason; break;
  }
  return code;
}

static IrExit
run (Cpu *cpu)
{
  IrExit exit;
  JitCode *code = find (cpu, &exit);
  while (code != NULL) {
    unsigned reason = jit_enter (cpu->jit, code);
    if (G_UNLIKELY (cpu_settings.count))
      count_exit (reason);
    if (G_UNLIKELY (cpu_settings.flush_every | cpu_settings.interrupt_every))
      if (reason == JIT_EXIT_LOOKUP || reason == JIT_EXIT_LINK)
        disturb (cpu), reason = JIT_EXIT_LOOKUP;
    code = handle (cpu, reason, &exit);
    if (code == NULL && exit == IR_EXIT_NONE)
      code = find (cpu, &exit);
  }
  return exit;
}

IrExit
exec_jit_run (Cpu *cpu)
{
  begin (cpu);
  if (cpu->system != NULL) {
    system_sync (cpu);
    if (jit_page_ids_full ())
      renew (cpu);
  }
  IrExit reason = run (cpu);
  jit_end (cpu->jit);
  return reason;
}

void
cpu_counters (CpuCounters *c)
{
  *c = (CpuCounters){
    .translated_insns = translated_insns,
    .translate_ns = translate_ns,
    .blocks = jit_counters.regions[JIT_BLOCK],
    .hot_regions = jit_counters.regions[JIT_REGION],
    .hot_insns = jit_counters.insns[JIT_REGION],
    .host_bytes = jit_counters.host_bytes,
    .flushes = jit_counters.flushes,
    .link_exits = exits[JIT_EXIT_LINK - JIT_EXIT_LINK],
    .lookup_exits = exits[JIT_EXIT_LOOKUP - JIT_EXIT_LINK],
    .interpret_exits = exits[JIT_EXIT_INTERPRET - JIT_EXIT_LINK],
  };
  jit_executed (&c->executed_insns, &c->executed_host_insns);
}
