/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "user-options.h"

#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef VITRINE_VERSION
#error "VITRINE_VERSION comes from the build"
#endif

typedef struct {
  UserCommand *command;
  const GuestIsa *isa;
  const char *program; /* our name in messages */
  char *why;           /* a handler's complaint */
  bool done;           /* nothing more to do: help was printed */
} Parse;

/* Takes an option's value; false with p->why set if it is not valid. */
typedef bool (*OptionHandler) (Parse *p, const char *value);

enum {
  PASS_ON = 1,  /* programs the guest executes get it too */
  HIDDEN = 2,   /* internal */
};

typedef struct {
  const char *name, *argument; /* NULL: takes none */
  const char *variable;        /* of the environment */
  const char *help;
  OptionHandler handler;
  unsigned flags;
} Option;

static const Option options[];

static bool G_GNUC_PRINTF (2, 3)
complain (Parse *p, const char *format, ...)
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
  unsigned shift = *end == 'k' || *end == 'K' ? 10 : *end == 'm' || *end == 'M' ? 20 : *end == 'g' || *end == 'G' ? 30 : 0;
  if (shift)
    end++;
  if (end == text || *end || text[0] == '-' || errno || n > UINT64_MAX >> shift)
    return complain (p, "'%s' is not a number", text);
  *ret = n << shift;
  return true;
}

static bool
set_sysroot (Parse *p, const char *value)
{
  if (!g_file_test (value, G_FILE_TEST_IS_DIR))
    return complain (p, "%s: %s", value, g_file_test (value, G_FILE_TEST_EXISTS) ? "not a directory"
                                                                                : "no such directory");
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
      return complain (p, "'%s' is not NAME=VALUE", *part);
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
      return complain (p, "'%s' is not the name of a variable", *part);
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
set_gdb (Parse *p, const char *value)
{
  p->command->options.gdb = value;
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
    return complain (p, "a stack has between 64K and 16G bytes");
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
    g_autofree char *text = vlog_help ();
    fputs (text, stdout);
    p->done = true;
    return true;
  }
  if (!vlog_parse (value, &unknown))
    return complain (p, "'%s' is not an item of the log; see -d help", unknown);
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
  return size == 4096 || complain (p, "only pages of 4096 bytes are possible");
}

static bool
set_tb_size (Parse *p, const char *value)
{
  uint64_t mib;
  if (!parse_size (p, value, &mib))
    return false;
  if (mib < 1 || mib > 2048)
    return complain (p, "a cache has between 1 and 2048 MiB");
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
    return complain (p, "%s is too large", text);
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
  return complain (p, "'%s' is not a test mode; they are interpret, flush-every=N, interrupt-every=N, cache-size=N, hot=N",
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

static const Option options[] = {
  { "h", NULL, NULL, "print this help", show_help, 0 },
  { "help", NULL, NULL, NULL, show_help, 0 },
  { "version", NULL, NULL, "print the version", show_version, 0 },
  { "L", "DIR", "VITRINE_LD_PREFIX", "look for the program's loader, libraries and files below DIR first", set_sysroot,
    PASS_ON },
  { "E", "NAME=VALUE", "VITRINE_SET_ENV", "set a variable of the program's environment (several: with commas)", set_env,
    0 },
  { "U", "NAME", "VITRINE_UNSET_ENV", "remove one", unset_env, 0 },
  { "0", "NAME", "VITRINE_ARGV0", "give the program NAME as its argv[0]", set_argv0, 0 },
  { "cpu", "MODEL", "VITRINE_CPU", "processor to be ('-cpu help' lists them)", set_cpu, PASS_ON },
  { "s", "SIZE", "VITRINE_STACK_SIZE", "stack size in bytes, or with K, M, G (default: ulimit -s)", set_stack_size,
    PASS_ON },
  { "g", "PORT", "VITRINE_GDB", "wait for gdb on a TCP port of this machine, or on a Unix socket", set_gdb, 0 },
  { "strace", NULL, "VITRINE_STRACE", "print system calls", set_strace, PASS_ON },
  { "d", "ITEM,...", "VITRINE_LOG", "log what is listed ('-d help' lists items)", set_log, PASS_ON },
  { "D", "FILE", "VITRINE_LOG_FILENAME", "log to FILE, with %d for the process id (default: standard error)",
    set_log_file, PASS_ON },
  { "p", "SIZE", "VITRINE_PAGESIZE", "page size; only 4096", set_page_size, 0 },
  { "one-insn-per-tb", NULL, "VITRINE_ONE_INSN_PER_TB", "translate each instruction by itself", set_one_insn, PASS_ON },
  { "singlestep", NULL, NULL, NULL, set_one_insn, PASS_ON },
  { "tb-size", "MIB", "VITRINE_TB_SIZE", "size of the cache for translated code", set_tb_size, PASS_ON },
  { "perfmap", NULL, "VITRINE_PERFMAP", "write /tmp/perf-PID.map for perf", set_perf_map, PASS_ON },
  { "test", "MODE,...", "VITRINE_TEST", "force interpret, flush-every=N, interrupt-every=N, cache-size=N or hot=N",
    set_test, PASS_ON },
  { "exec-fd", "FD", NULL, NULL, set_exec_fd, HIDDEN },
  { "reentry", NULL, NULL, NULL, set_reentry, HIDDEN },
};

static bool
show_help (Parse *p, const char *value)
{
  printf ("Usage: %s [OPTION]... PROGRAM [ARGUMENT]...\n"
          "Runs a Linux program for %s.\n\n",
          p->program, p->isa->name);
  for (unsigned i = 0; i < G_N_ELEMENTS (options); i++) {
    const Option *o = &options[i];
    if (!o->help)
      continue;
    g_autofree char *left = g_strdup_printf ("-%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    printf ("  %-17s %-23s %s\n", left, o->variable ? o->variable : "", o->help);
  }
  printf ("\nThe second column names environment variables with the same effect; options come before them.\n");
  p->done = true;
  return true;
}

static const Option *
find_option (const char *name)
{
  if (!strcmp (name, "?"))
    name = "h";
  for (unsigned i = 0; i < G_N_ELEMENTS (options); i++)
    if (!strcmp (options[i].name, name))
      return &options[i];
  return NULL;
}

/* Number of insertions, removals and changes that make one word the other. */
static unsigned
distance (const char *a, const char *b)
{
  size_t n = strlen (b);
  g_autofree unsigned *row = g_new (unsigned, n + 1);
  for (size_t j = 0; j <= n; j++)
    row[j] = (unsigned)j;
  for (; *a; a++) {
    unsigned diagonal = row[0]++;
    for (size_t j = 1; j <= n; j++) {
      unsigned changed = diagonal + (*a != b[j - 1]);
      diagonal = row[j];
      row[j] = MIN (changed, MIN (row[j], row[j - 1]) + 1);
    }
  }
  return row[n];
}

static const char *
nearest_option (const char *name)
{
  const char *best = options[0].name;
  unsigned least = UINT_MAX;
  for (unsigned i = 0; i < G_N_ELEMENTS (options); i++) {
    if (options[i].flags & HIDDEN)
      continue;
    unsigned d = distance (name, options[i].name);
    if (d < least) {
      least = d;
      best = options[i].name;
    }
  }
  return best;
}

static int
error_exit (Parse *p, const char *where)
{
  fprintf (stderr, "%s: %s: %s\n", p->program, where, p->why);
  g_free (p->why);
  return 1;
}

static void
pass_on (Parse *p, const Option *option, const char *value)
{
  if (!(option->flags & PASS_ON))
    return;
  g_ptr_array_add (p->command->passed_on, g_strconcat ("-", option->name, NULL));
  if (option->argument)
    /* The program may change directory. */
    g_ptr_array_add (p->command->passed_on, option->handler == set_sysroot || option->handler == set_log_file
                                              ? g_canonicalize_filename (value, NULL)
                                              : g_strdup (value));
}

static int
parse_environment (Parse *p)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (options); i++) {
    const Option *o = &options[i];
    const char *value = o->variable ? getenv (o->variable) : NULL;
    if (!value || !*value)
      continue;
    if (!o->handler (p, value))
      return error_exit (p, o->variable);
    pass_on (p, o, value);
    if (p->done)
      return 0;
  }
  return -1;
}

/* Parses options up to the program's name; *ret_next is its index. */
static int
parse_arguments (Parse *p, int argc, char **argv, int *ret_next)
{
  int i = 1;
  for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
    if (!strcmp (argv[i], "--")) {
      i++;
      break;
    }
    const char *name = argv[i] + (argv[i][1] == '-' ? 2 : 1);
    const Option *o = find_option (name);
    if (!o) {
      fprintf (stderr, "%s: there is no option '%s'; did you mean '-%s'? See -h.\n", p->program, argv[i],
               nearest_option (name));
      return 1;
    }
    if (o->argument && i + 1 == argc) {
      fprintf (stderr, "%s: -%s needs an argument: %s\n", p->program, o->name, o->argument);
      return 1;
    }
    const char *value = o->argument ? argv[++i] : NULL;
    if (!o->handler (p, value)) {
      g_autofree char *where = g_strconcat ("-", o->name, NULL);
      return error_exit (p, where);
    }
    pass_on (p, o, value);
    if (p->done)
      return 0;
  }
  *ret_next = i;
  return -1;
}

static bool
is_reentry (int argc, char **argv)
{
  return argc > 1 && !strcmp (argv[1], "-reentry");
}

int
user_command_parse (UserCommand *command, const GuestIsa *isa, int argc, char **argv)
{
  g_autofree char *name = g_strconcat ("vitrine-", isa->name, NULL);
  Parse p = { .command = command, .isa = isa, .program = name };
  *command = (UserCommand){ .exec_fd = -1 };
  command->changes = g_ptr_array_new_with_free_func (g_free);
  command->passed_on = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (command->passed_on, g_strdup ("-reentry"));

  int status = is_reentry (argc, argv) ? -1 : parse_environment (&p);
  int next = argc;
  if (status < 0)
    status = parse_arguments (&p, argc, argv, &next);
  g_ptr_array_add (command->passed_on, NULL);
  if (status >= 0)
    return status;
  if (next >= argc) {
    fprintf (stderr, "%s: no program to run; give its name, or see -h\n", name);
    return 1;
  }
  command->program = argv[next];
  command->argv = g_strdupv (argv + next);
  if (command->options.argv0) {
    g_free (command->argv[0]);
    command->argv[0] = g_strdup (command->options.argv0);
  }
  return -1;
}
