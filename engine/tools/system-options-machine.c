/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Options that say what the machine is. */

#include "system-option-table.h"

#include "keyval.h"
#include <stdio.h>
#include <string.h>

/* The largest tb-size, as vitrine-user's. */
enum { MAX_CACHE_MIB = 2048, MAX_CPUS = 4096 };

static bool
check_accel (const char *accel, GError **error)
{
  /* "kvm:tcg" are choices, the first that works. */
  g_auto (GStrv) choices = g_strsplit (accel, ":", -1);
  return g_strv_contains ((const char *const *)choices, "tcg") ||
         system_bad (error,
                     "accel=%s: a guest of this architecture is translated on this host; use accel=tcg",
                     accel);
}

/* What the guest and its devices see of these is the same in both settings that are accepted. */
static bool
check_fixed (Keyval *kv, GError **error)
{
  bool usb, graphics;
  if (!keyval_get_bool (kv, "usb", false, &usb, error) ||
      !keyval_get_bool (kv, "graphics", true, &graphics, error))
    return false;
  return !usb || system_bad (error, "usb=on: this machine has no USB; leave it out");
}

/* Other spellings of -kernel and its like. */
static bool
take_boot_files (SystemParse *p, Keyval *kv, GError **error)
{
  MachineConfig *c = p->config;
  const struct {
    const char *key;
    char **at;
  } files[] = { { "kernel", &c->kernel }, { "initrd", &c->initrd }, { "append", &c->append },
                { "dtb", &c->dtb },       { "firmware", &c->bios }, { "dumpdtb", &c->dumpdtb } };
  for (unsigned i = 0; i < G_N_ELEMENTS (files); i++) {
    const char *value = keyval_get (kv, files[i].key);
    if (value && !system_set_once (files[i].at, value, error))
      return false;
  }
  return true;
}

static bool
set_machine (SystemParse *p, const char *value, GError **error)
{
  if (system_is_help (value)) {
    system_print_machines (p->command);
    p->done = true;
    return true;
  }
  g_autoptr (Keyval) kv = keyval_parse (value, "type", error);
  if (kv == NULL)
    return false;
  const char *type = keyval_get (kv, "type"), *accel = keyval_get (kv, "accel");
  if (keyval_get (kv, "help")) {
    p->done = true;
    return system_print_machine_options (p->command, type ? type : p->config->board, error);
  }
  if (type)
    system_replace (&p->config->board, type);
  if ((accel && !check_accel (accel, error)) || !check_fixed (kv, error) || !take_boot_files (p, kv, error))
    return false;
  /* The board knows the others. */
  g_autoptr (GPtrArray) rest = keyval_prefix (kv, "");
  for (unsigned i = 0; i < rest->len; i++) {
    const KeyvalPair *pair = rest->pdata[i];
    g_hash_table_replace (p->config->board_options, g_strdup (pair->key), g_strdup (pair->value));
  }
  return true;
}

static bool
set_cpu (SystemParse *p, const char *value, GError **error)
{
  if (!system_is_help (value))
    return system_set_once (&p->config->cpu_model, value, error);
  system_print_cpus (p->command);
  p->done = true;
  return true;
}

static bool
set_accel (SystemParse *p, const char *value, GError **error)
{
  static const char *const threads[] = { "single", "multi", NULL };
  unsigned thread;
  bool one_insn;
  uint64_t mib;
  if (system_is_help (value)) {
    puts ("Accelerators supported:\ntcg");
    p->done = true;
    return true;
  }
  g_autoptr (Keyval) kv = keyval_parse (value, "accel", error);
  const char *accel = kv ? keyval_get (kv, "accel") : NULL;
  if (kv == NULL || (accel && !check_accel (accel, error)) ||
      !keyval_get_choice (kv, "thread", threads, 1, &thread, error) ||
      !keyval_get_bool (kv, "one-insn-per-tb", cpu_settings.one_insn_per_block, &one_insn, error) ||
      !keyval_get_uint (kv, "tb-size", 0, &mib, error) || !keyval_finish (kv, "-accel", error))
    return false;
  if (thread == 0)
    return system_bad (error, "thread=single: each processor has a thread of its own here; leave it out");
  if (mib > MAX_CACHE_MIB)
    return system_bad (error, "tb-size=%" G_GUINT64_FORMAT ": %u MiB of translated code are the most", mib,
                       MAX_CACHE_MIB);
  cpu_settings.one_insn_per_block = one_insn;
  if (mib)
    cpu_settings.code_cache_size = (size_t)mib << 20;
  return true;
}

static bool
get_count (Keyval *kv, const char *key, unsigned *ret, GError **error)
{
  uint64_t n;
  if (!keyval_get_uint (kv, key, *ret, &n, error))
    return false;
  if (n == 0 && keyval_get (kv, key))
    return system_bad (error, "%s=0: a machine has at least one", key);
  if (n > MAX_CPUS)
    return system_bad (error, "%s=%" G_GUINT64_FORMAT " is more than any machine has", key, n);
  *ret = (unsigned)n;
  return true;
}

static bool
set_smp (SystemParse *p, const char *value, GError **error)
{
  MachineConfig *c = p->config;
  g_autoptr (Keyval) kv = keyval_parse (value, "cpus", error);
  return kv != NULL && get_count (kv, "cpus", &c->cpus, error) &&
         get_count (kv, "maxcpus", &c->max_cpus, error) && get_count (kv, "sockets", &c->sockets, error) &&
         get_count (kv, "cores", &c->cores, error) && get_count (kv, "threads", &c->threads, error) &&
         keyval_finish (kv, "-smp", error);
}

static bool
set_memory (SystemParse *p, const char *value, GError **error)
{
  uint64_t bytes = p->config->ram_size;
  g_autoptr (Keyval) kv = keyval_parse (value, "size", error);
  if (kv == NULL)
    return false;
  const char *size = keyval_get (kv, "size");
  if ((size != NULL && !keyval_parse_size (size, 1024 * 1024, &bytes, error)) ||
      !keyval_finish (kv, "-m", error))
    return false;
  if (size == NULL || bytes == 0)
    return system_bad (error, "say how much, in MiB or with a unit: -m 2048, -m 2G");
  if (p->config->ram_size && p->config->ram_size != bytes)
    return system_bad (error, "the size was said before, and is another now; leave one of them out");
  p->config->ram_size = bytes;
  return true;
}

/* base=utc, base=localtime, or base=DATE in ISO 8601. */
static bool
set_rtc (SystemParse *p, const char *value, GError **error)
{
  static const char *const clocks[] = { "host", "rt", "vm", NULL };
  MachineConfig *c = p->config;
  unsigned clock;
  g_autoptr (Keyval) kv = keyval_parse (value, "base", error);
  if (kv == NULL || !keyval_get_choice (kv, "clock", clocks, c->rtc_vm ? 2 : 0, &clock, error))
    return false;
  const char *base = keyval_get (kv, "base");
  c->rtc_vm = clock == 2;
  if (base) {
    c->rtc_localtime = strcmp (base, "localtime") == 0;
    c->rtc_offset = 0;
  }
  if (base && strcmp (base, "utc") != 0 && !c->rtc_localtime) {
    g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
    g_autofree char *midnight = strchr (base, 'T') ? NULL : g_strconcat (base, "T00:00:00", NULL);
    g_autoptr (GDateTime) then = g_date_time_new_from_iso8601 (midnight ? midnight : base, utc);
    if (then == NULL)
      return system_bad (
          error, "base=%s is neither utc, localtime nor a date like 2026-01-31 or 2026-01-31T12:00:00", base);
    c->rtc_offset = g_date_time_to_unix (then) - g_get_real_time () / G_USEC_PER_SEC;
  }
  return keyval_finish (kv, "-rtc", error);
}

static bool
set_name (SystemParse *p, const char *value, GError **error)
{
  bool threads;
  g_autoptr (Keyval) kv = keyval_parse (value, "guest", error);
  /* Threads are named in any case. */
  if (kv == NULL || !keyval_get_bool (kv, "debug-threads", true, &threads, error))
    return false;
  const char *guest = keyval_get (kv, "guest"), *process = keyval_get (kv, "process");
  if (guest)
    system_replace (&p->config->name, guest);
  if (process)
    system_replace (&p->command->process_name, process);
  return keyval_finish (kv, "-name", error);
}

static bool
set_uuid (SystemParse *p, const char *value, GError **error)
{
  if (!g_uuid_string_is_valid (value))
    return system_bad (error, "not of the form 550e8400-e29b-41d4-a716-446655440000");
  return system_set_once (&p->config->uuid, value, error);
}

const SystemOption system_machine_options[] = {
  { "machine", "TYPE[,OPTION=VALUE…]",
    "the board ('-machine help', '-machine TYPE,help'); dumpdtb=FILE writes its device tree", set_machine },
  { "M", "TYPE[,OPTION=VALUE…]", NULL, set_machine },
  { "cpu", "MODEL[,EXTENSION=on|off…]", "the processor ('-cpu help' lists models)", set_cpu },
  { "accel", "tcg[,tb-size=MIB]", "how guest code runs; memory for translated code (default: 24)",
    set_accel },
  { "smp", "N[,maxcpus=…,sockets=…,cores=…,threads=…]", "number of processors", set_smp },
  { "m", "SIZE", "memory in MiB, or with a unit: 2G", set_memory },
  { "rtc", "[base=utc|localtime|DATE][,clock=host|vm]", "the clock at start, and whether it ever stands",
    set_rtc },
  { "name", "NAME[,process=NAME]", "the machine's name, and the process's", set_name },
  { "uuid", "UUID", "the machine's UUID", set_uuid },
  { NULL },
};
