/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "exec-jit.h"

#include "exec-interp.h"
#include "guest-mem.h"
#include "trace.h"
#include "translate.h"
#include <time.h>

/* Cold code is compiled a few blocks at a time, along the fall-through path. Code that has run often is
 * compiled again as a region: all that has run and can be reached, loops included. */
#define COLD_INSNS  40
#define COLD_BLOCKS 4
#define HOT_INSNS   400
#define HOT_BLOCKS  48

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
      .guest_base = guest_base,
      .addr32 = isa->bits == 32,
      .read = read_guest,
      .cache_size = cpu_settings.code_cache_size,
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
work_ns (void)
{
  struct timespec ts;
  clock_gettime (CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * UINT64_C (1000000000) + ts.tv_nsec - 1000 * jit_counters.measuring_us;
}

static JitCode *
compile (Cpu *cpu, uint64_t pc, const TranslateScope *scope, JitTier tier, JitCode *cold)
{
  Workshop *w = workshop ();
  uint64_t start = cpu_settings.count ? work_ns () : 0;
  jit_translating (cpu->jit);
  reader = cpu;
  translate_region (cpu, &w->builder, w->region, pc, scope);
  trace_region (cpu, w->region);
  JitCode *code = jit_compile (cpu->jit, w->region, tier, cold);
  if (cpu_settings.count) {
    __atomic_fetch_add (&translate_ns, work_ns () - start, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < w->region->n_blocks; i++)
      __atomic_fetch_add (&translated_insns, w->region->blocks[i].n_insns, __ATOMIC_RELAXED);
  }
  trace_code (code);
  return code;
}

static void
renew (Cpu *cpu)
{
  jit_flush (cpu->jit);
  jit_end (cpu->jit);
  jit_begin (cpu->jit);
}

static JitCode *
find (Cpu *cpu, uint64_t pc)
{
  static const TranslateScope cold = { .max_insns = COLD_INSNS, .max_blocks = COLD_BLOCKS };
  static const TranslateScope one = { .max_insns = 1, .max_blocks = 1 };
  for (;;) {
    JitCode *code = jit_lookup (pc, cpu->state.mode);
    if (code == NULL)
      code = compile (cpu, pc, cpu_settings.one_insn_per_block ? &one : &cold, JIT_BLOCK, NULL);
    if (code != NULL)
      return code;
    renew (cpu);
  }
}

static bool
has_run (Cpu *cpu, uint64_t pc)
{
  return jit_lookup (pc, cpu->state.mode) != NULL;
}

static JitCode *
promote (Cpu *cpu)
{
  static const TranslateScope hot = { .max_insns = HOT_INSNS, .max_blocks = HOT_BLOCKS, .wants = has_run };
  JitCode *cold = (JitCode *)cpu->jit_state.exit_info;
  jit_cool (cold, G_MAXINT32);
  if (cpu_settings.one_insn_per_block)
    return cold;
  JitCode *code = compile (cpu, cpu->state.pc, &hot, JIT_REGION, cold);
  if (code == NULL)
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

static IrExit
run (Cpu *cpu)
{
  JitThread *t = cpu->jit;
  JitCode *code = find (cpu, cpu->state.pc);
  for (;;) {
    unsigned reason = jit_enter (t, code);
    if (G_UNLIKELY (cpu_settings.count))
      count_exit (reason);
    if (G_UNLIKELY (cpu_settings.flush_every | cpu_settings.interrupt_every))
      if (reason == JIT_EXIT_LOOKUP || reason == JIT_EXIT_LINK)
        disturb (cpu), reason = JIT_EXIT_LOOKUP;
    switch (reason) {
      case JIT_EXIT_LINK: {
        uint64_t flushes = jit_counters.flushes;
        code = find (cpu, cpu->state.pc);
        if (flushes == jit_counters.flushes)
          jit_link (t, code);
        break;
      }
      case JIT_EXIT_LOOKUP:
        code = find (cpu, cpu->state.pc);
        jit_cache_jump (t, code);
        break;
      case JIT_EXIT_HOT:
        code = promote (cpu);
        if (code == NULL)
          code = find (cpu, cpu->state.pc);
        break;
      case JIT_EXIT_INTERPRET: {
        IrExit exit = interp_step (cpu, true);
        if (exit != IR_EXIT_NONE)
          return exit;
        code = find (cpu, cpu->state.pc);
        break;
      }
      default: return reason;
    }
  }
}

IrExit
exec_jit_run (Cpu *cpu)
{
  jit_begin (cpu->jit);
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
