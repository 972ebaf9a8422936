/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "user-option-table.h"

#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef VITRINE_VERSION
#error "VITRINE_VERSION comes from the build"
#endif

static bool option_complain (Parse *p, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Sets p->why; returns false, for a handler to return. */
static bool
option_complain (Parse *p, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  p->why = g_strdup_vprintf (format, args);
  va_end (args);
  return false;
}

/* A number with an optional K, M or G. */
static bool
parse_size (Parse *p, const char *text, uint64_t *ret)
{
  char *end;
  errno = 0;
  uint64_t n = strtoull (text, &end, 0);
  const char *units = "kKmMgG", *unit = *end ? strchr (units, *end) : NULL;
  unsigned shift = unit ? 10 * ((unsigned)(unit - units) / 2 + 1) : 0;
  if (shift)
    end++;
  if (end == text || *end || text[0] == '-' || errno || n > UINT64_MAX >> shift)
    return option_complain (p, "'%s' is not a number", text);
  *ret = n << shift;
  return true;
}

static bool
set_sysroot (Parse *p, const char *value)
{
  if (!g_file_test (value, G_FILE_TEST_IS_DIR))
    return option_complain (p, "%s: %s; give the root directory of a %s system", value,
                            g_file_test (value, G_FILE_TEST_EXISTS) ? "not a directory" : "no such directory",
                            p->isa->name);
  p->command->options.sysroot = g_canonicalize_filename (value, NULL);
  return true;
}

/* Separated by commas, as QEMU has it. */
static bool
set_env (Parse *p, const char *value)
{
  g_auto (GStrv) parts = g_strsplit (value, ",", -1);
  for (char **part = parts; *part; part++) {
    if (!strchr (*part, '=') || **part == '=')
      return option_complain (p, "'%s' is not NAME=VALUE", *part);
    g_ptr_array_add (p->command->changes, g_strdup (*part));
  }
  return true;
}

static bool
unset_env (Parse *p, const char *value)
{
  g_auto (GStrv) parts = g_strsplit (value, ",", -1);
  for (char **part = parts; *part; part++) {
    if (strchr (*part, '=') || !**part)
      return option_complain (p, "'%s' is not the name of a variable", *part);
    g_ptr_array_add (p->command->changes, g_strdup (*part));
  }
  return true;
}

static bool
set_argv0 (Parse *p, const char *value)
{
  p->command->options.argv0 = value;
  return true;
}

static bool
set_cpu (Parse *p, const char *value)
{
  if (!strcmp (value, "help") || !strcmp (value, "?")) {
    g_autofree char *models = p->isa->models ();
    fputs (models, stdout);
    p->done = true;
  }
  p->command->options.cpu_model = value;
  return true;
}

static bool
set_stack_size (Parse *p, const char *value)
{
  uint64_t *size = &p->command->options.stack_size;
  if (!parse_size (p, value, size))
    return false;
  if (*size < 64 * 1024 || *size > UINT64_C (1) << 34)
    return option_complain (p, "a stack has between 64K and 16G bytes");
  return true;
}

static bool
set_strace (Parse *p, const char *value)
{
  p->command->options.strace = true;
  vlog_mask |= VLOG_STRACE;
  return true;
}

static bool
set_log (Parse *p, const char *value)
{
  g_autofree char *unknown = NULL;
  if (!strcmp (value, "help") || !strcmp (value, "?")) {
    g_autofree char *text = vlog_help (VLOG_USER);
    fputs (text, stdout);
    p->done = true;
    return true;
  }
  if (!vlog_parse (value, VLOG_USER, &unknown))
    return option_complain (p, "'%s' is not an item of the log; see -d help", unknown);
  if (vlog_enabled (VLOG_STRACE))
    p->command->options.strace = true;
  cpu_settings.count |= vlog_enabled (VLOG_COUNT);
  return true;
}

static bool
set_log_file (Parse *p, const char *value)
{
  p->command->log_file = g_strdup (value);
  return true;
}

static bool
set_one_insn (Parse *p, const char *value)
{
  cpu_settings.one_insn_per_block = true;
  return true;
}

static bool
set_page_size (Parse *p, const char *value)
{
  uint64_t size;
  if (!parse_size (p, value, &size))
    return false;
  return size == 4096 || option_complain (p, "only pages of 4096 bytes are possible");
}

static bool
set_tb_size (Parse *p, const char *value)
{
  uint64_t mib;
  if (!parse_size (p, value, &mib))
    return false;
  if (mib < 1 || mib > 2048)
    return option_complain (p, "a cache has between 1 and 2048 MiB");
  cpu_settings.code_cache_size = (size_t)mib << 20;
  return true;
}

static bool
set_perf_map (Parse *p, const char *value)
{
  cpu_settings.perf_map = true;
  return true;
}

static bool
set_unsigned (Parse *p, const char *text, unsigned *ret)
{
  uint64_t n;
  if (!parse_size (p, text, &n))
    return false;
  if (n > UINT32_MAX)
    return option_complain (p, "%s is too large", text);
  *ret = (unsigned)n;
  return true;
}

static bool
set_test_mode (Parse *p, const char *mode)
{
  const char *equals = strchr (mode, '=');
  const char *value = equals ? equals + 1 : "";
  size_t n = equals ? (size_t)(equals - mode) : strlen (mode);
  uint64_t size;
#define IS(name) (n == strlen (name) && !memcmp (mode, name, n))
  if (IS ("interpret") && !equals)
    return cpu_settings.interpret = true;
  if (IS ("guest-base") && !equals)
    return p->command->options.move_guest = true;
  if (IS ("flush-every"))
    return set_unsigned (p, value, &cpu_settings.flush_every);
  if (IS ("interrupt-every"))
    return set_unsigned (p, value, &cpu_settings.interrupt_every);
  if (IS ("hot"))
    return set_unsigned (p, value, &cpu_settings.hot_threshold);
  if (IS ("cache-size")) {
    if (!parse_size (p, value, &size))
      return false;
    cpu_settings.code_cache_size = (size_t)size;
    return true;
  }
#undef IS
  return option_complain (p,
                          "'%s' is not a test mode; they are interpret, guest-base, flush-every=N, "
                          "interrupt-every=N, cache-size=N and hot=N",
                          mode);
}

static bool
set_test (Parse *p, const char *value)
{
  g_auto (GStrv) modes = g_strsplit (value, ",", -1);
  for (char **mode = modes; *mode; mode++)
    if (!set_test_mode (p, *mode))
      return false;
  return true;
}

static bool
set_exec_fd (Parse *p, const char *value)
{
  unsigned fd;
  if (!set_unsigned (p, value, &fd))
    return false;
  p->command->exec_fd = (int)fd;
  return true;
}

static bool
set_limits (Parse *p, const char *value)
{
  p->command->limits = value;
  return true;
}

static bool
set_gdb (Parse *p, const char *value)
{
  if (!*value)
    return option_complain (p, "give a port number or the path of a socket");
  p->command->options.gdb = value;
  return true;
}

static bool
set_reentry (Parse *p, const char *value)
{
  p->command->reentry = true;
  return true;
}

static bool
show_version (Parse *p, const char *value)
{
  printf ("%s (Vitrine) %s\n", p->program, VITRINE_VERSION);
  p->done = true;
  return true;
}

static bool show_help (Parse *p, const char *value);

const Option user_options[] = {
  { "h", NULL, NULL, "print this help", show_help, 0 },
  { "help", NULL, NULL, NULL, show_help, 0 },
  { "version", NULL, NULL, "print the version", show_version, 0 },
  { "L", "DIR", "VITRINE_LD_PREFIX", "look for the program's loader, libraries and files below DIR first",
    set_sysroot, OPTION_PASS_ON | OPTION_PATH },
  { "E", "NAME=VALUE", "VITRINE_SET_ENV",
    "set a variable of the program's environment (several: with commas)", set_env, 0 },
  { "U", "NAME", "VITRINE_UNSET_ENV", "remove one", unset_env, 0 },
  { "0", "NAME", "VITRINE_ARGV0", "give the program NAME as its argv[0]", set_argv0, 0 },
  { "cpu", "MODEL", "VITRINE_CPU", "processor to be ('-cpu help' lists them)", set_cpu, OPTION_PASS_ON },
  { "s", "SIZE", "VITRINE_STACK_SIZE", "stack size in bytes, or with K, M, G (default: ulimit -s)",
    set_stack_size, OPTION_PASS_ON },
  { "g", "PORT|PATH", "VITRINE_GDB", "wait for gdb on a TCP port of this machine or a Unix socket", set_gdb,
    0 },
  { "strace", NULL, "VITRINE_STRACE", "print system calls", set_strace, OPTION_PASS_ON },
  { "d", "ITEM,...", "VITRINE_LOG", "log what is listed ('-d help' lists items)", set_log, OPTION_PASS_ON },
  { "D", "FILE", "VITRINE_LOG_FILENAME", "log to FILE, with %d for the process id (default: standard error)",
    set_log_file, OPTION_PASS_ON | OPTION_PATH },
  { "p", "SIZE", "VITRINE_PAGESIZE", "page size; only 4096", set_page_size, 0 },
  { "one-insn-per-tb", NULL, "VITRINE_ONE_INSN_PER_TB", "translate each instruction by itself", set_one_insn,
    OPTION_PASS_ON },
  { "singlestep", NULL, NULL, NULL, set_one_insn, OPTION_PASS_ON },
  { "tb-size", "MIB", "VITRINE_TB_SIZE", "size of the cache for translated code", set_tb_size,
    OPTION_PASS_ON },
  { "perfmap", NULL, "VITRINE_PERFMAP", "write /tmp/perf-PID.map for perf", set_perf_map, OPTION_PASS_ON },
  { "test", "MODE,...", "VITRINE_TEST",
    "force interpret, guest-base, flush-every=N, interrupt-every=N, cache-size=N or hot=N", set_test,
    OPTION_PASS_ON },
  { "exec-fd", "FD", NULL, NULL, set_exec_fd, OPTION_HIDDEN },
  { "limits", "LIMITS", NULL, NULL, set_limits, OPTION_HIDDEN },
  { "reentry", NULL, NULL, NULL, set_reentry, OPTION_HIDDEN },
};
const unsigned user_n_options = G_N_ELEMENTS (user_options);

static bool
show_help (Parse *p, const char *value)
{
  printf ("Usage: %s [OPTION]... PROGRAM [ARGUMENT]...\n"
          "Runs a Linux program for %s.\n\n",
          p->program, p->isa->name);
  for (unsigned i = 0; i < user_n_options; i++) {
    const Option *o = &user_options[i];
    if (!o->help)
      continue;
    g_autofree char *left =
        g_strdup_printf ("-%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    printf ("  %-17s %-23s %s\n", left, o->variable ? o->variable : "", o->help);
  }
  printf ("\nThe second column names environment variables with the same effect; an option overrides its "
          "variable.\n");
  p->done = true;
  return true;
}
