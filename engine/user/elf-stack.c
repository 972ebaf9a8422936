/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The stack a program starts on, from its top: the name it was executed by, environment, arguments, random
 * bytes, and the vectors that point to them. */

#include "loader.h"
#include "user-map.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* Linux maps this much before the first access. */
#define FIRST_SIZE (UINT64_C (33) * USER_PAGE)

typedef struct {
  const UserStackInfo *info;
  GString *strings; /* arguments, environment, name: as they lie in memory */
  GArray *words;    /* of uint64_t: argc, argv, envp, auxv */
  uint64_t strings_at, random_at, platform_at, name_at;
  gsize auxv_index;
} Stack;

static void
collect_strings (Stack *s)
{
  s->strings = g_string_new (NULL);
  for (char **arg = s->info->argv; *arg; arg++)
    g_string_append_len (s->strings, *arg, (gssize)strlen (*arg) + 1);
  for (char **env = s->info->envp; *env; env++)
    g_string_append_len (s->strings, *env, (gssize)strlen (*env) + 1);
  g_string_append_len (s->strings, s->info->exec_name, (gssize)strlen (s->info->exec_name) + 1);
}

static void
put (Stack *s, uint64_t word)
{
  g_array_append_val (s->words, word);
}

static void
put_aux (Stack *s, uint64_t type, uint64_t value)
{
  put (s, type);
  put (s, value);
}

/* In the kernel's order. */
static void
put_auxv (Stack *s, const Cpu *cpu)
{
  const UserLoaderAbi *abi = s->info->abi;
  const UserProcess *p = &user_process;
  s->auxv_index = s->words->len;
  put_aux (s, AT_SYSINFO_EHDR, p->vdso);
  put_aux (s, AT_MINSIGSTKSZ, abi->min_sigstack);
  put_aux (s, AT_HWCAP, abi->hwcap (cpu));
  put_aux (s, AT_PAGESZ, USER_PAGE);
  put_aux (s, AT_CLKTCK, (uint64_t)sysconf (_SC_CLK_TCK));
  put_aux (s, AT_PHDR, p->phdr);
  put_aux (s, AT_PHENT, s->info->phentsize);
  put_aux (s, AT_PHNUM, s->info->phnum);
  put_aux (s, AT_BASE, p->interp_base);
  put_aux (s, AT_FLAGS, 0);
  put_aux (s, AT_ENTRY, p->entry);
  put_aux (s, AT_UID, getuid ());
  put_aux (s, AT_EUID, geteuid ());
  put_aux (s, AT_GID, getgid ());
  put_aux (s, AT_EGID, getegid ());
  put_aux (s, AT_SECURE, getauxval (AT_SECURE));
  put_aux (s, AT_RANDOM, s->random_at);
  if (abi->hwcap2)
    put_aux (s, AT_HWCAP2, abi->hwcap2 (cpu));
  put_aux (s, AT_EXECFN, s->name_at);
  if (abi->platform)
    put_aux (s, AT_PLATFORM, s->platform_at);
  put_aux (s, AT_NULL, 0);
}

/* Pointers to the strings in order; returns the address behind the last. */
static uint64_t
put_pointers (Stack *s, char **strings, uint64_t at)
{
  for (char **text = strings; *text; text++) {
    put (s, at);
    at += strlen (*text) + 1;
  }
  put (s, 0);
  return at;
}

static void
put_vectors (Stack *s, const Cpu *cpu)
{
  UserProcess *p = &user_process;
  s->words = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  put (s, g_strv_length (s->info->argv));
  p->arg_start = s->strings_at;
  p->arg_end = p->env_start = put_pointers (s, s->info->argv, p->arg_start);
  p->env_end = s->name_at = put_pointers (s, s->info->envp, p->env_start);
  put_auxv (s, cpu);
}

static int
write_words (const Stack *s, uint64_t at)
{
  const uint64_t *word = (const uint64_t *)(const void *)s->words->data;
  if (user_process.isa->bits == 64)
    return user_write (at, word, s->words->len * sizeof *word);
  g_autofree uint32_t *narrow = g_new (uint32_t, s->words->len);
  for (guint i = 0; i < s->words->len; i++)
    narrow[i] = (uint32_t)word[i];
  return user_write (at, narrow, s->words->len * sizeof *narrow);
}

/* Maps the stack's first part so that `need` bytes fit; the host's kernel lets it grow like any other. */
static bool
map_stack (uint64_t need, bool exec, GError **error)
{
  struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
  getrlimit (RLIMIT_STACK, &limit);
  uint64_t top = user_stack_top ();
  uint64_t size = need + MIN (FIRST_SIZE, limit.rlim_cur);
  size = user_page_up (guest_base ? MAX (size, MIN (limit.rlim_cur, UINT64_C (8) << 20)) : size);
  int prot = PROT_READ | PROT_WRITE | (exec ? PROT_EXEC : 0);
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_STACK | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  int64_t at = size < top ? user_mmap_kind (top - size, size, prot, flags, -1, 0, USER_MAP_STACK) : -E2BIG;
  if (at < 0) {
    g_set_error (error, g_quark_from_static_string ("vitrine-load"), 126,
                 "no memory for the program's stack: %s", g_strerror ((int)-at));
    return false;
  }
  user_process.stack_top = top;
  user_process.stack_start = (uint64_t)at;
  return true;
}

static uint64_t
random_shift (void)
{
  return user_random_below (USER_PAGE);
}

bool
user_stack_build (const Cpu *cpu, const UserStackInfo *info, uint64_t *ret_sp, GError **error)
{
  Stack s = { .info = info };
  unsigned word = user_process.isa->bits / 8;
  collect_strings (&s);
  uint64_t n_strings = g_strv_length (info->argv) + g_strv_length (info->envp);
  uint64_t need = s.strings->len + (n_strings + 64) * word + 2 * USER_PAGE;
  if (!map_stack (need, info->exec_stack, error)) {
    g_string_free (s.strings, TRUE);
    return false;
  }

  /* A null pointer ends the stack. */
  s.strings_at = user_process.stack_top - word - s.strings->len;
  uint64_t sp = (s.strings_at - random_shift ()) & ~UINT64_C (15);
  if (info->abi->platform) {
    sp -= strlen (info->abi->platform) + 1;
    s.platform_at = sp;
  }
  unsigned char random[16];
  if (getrandom (random, sizeof random, 0) < 0)
    memset (random, 0, sizeof random);
  s.random_at = sp = (sp - sizeof random) & ~UINT64_C (15);

  put_vectors (&s, cpu);
  sp = (sp - s.words->len * word) & ~UINT64_C (15);
  bool ok = user_write (s.strings_at, s.strings->str, s.strings->len) == 0 &&
            user_write (s.random_at, random, sizeof random) == 0 && write_words (&s, sp) == 0 &&
            (!info->abi->platform ||
             user_write (s.platform_at, info->abi->platform, strlen (info->abi->platform) + 1) == 0);
  user_process.auxv_start = sp + s.auxv_index * word;
  user_process.auxv_end = sp + s.words->len * word;
  if (!ok)
    g_set_error (error, g_quark_from_static_string ("vitrine-load"), 126,
                 "the program's stack cannot be written");
  g_string_free (s.strings, TRUE);
  g_array_unref (s.words);
  *ret_sp = sp;
  return ok;
}
