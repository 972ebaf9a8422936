/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Loads the program and its dynamic loader into the guest's address space. */

#include "elf-parse.h"
#include "loader.h"
#include "user-abi.h"
#include "user-map.h"
#include "user-path.h"
#include "vdso.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static GQuark
load_error (void)
{
  return g_quark_from_static_string ("vitrine-load");
}

static bool
fail_errno (GError **error, const char *name, int number)
{
  int status = number == ENOENT || number == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
  g_set_error (error, load_error (), status, "%s: %s", name, g_strerror (number));
  return false;
}

static uint64_t
page_down (uint64_t x)
{
  return x & ~(uint64_t)(USER_PAGE - 1);
}

/* Fills the rest of a file's last page with zeros, as far as the program may write there. */
static int64_t
zero_tail (uint64_t from, uint64_t to, int prot)
{
  static const char zero[USER_PAGE];
  if (from >= to)
    return 0;
  int error = user_write (from, zero, to - from);
  return prot & PROT_WRITE ? error : 0;
}

static int64_t
map_segment (int fd, const ElfSegment *s, uint64_t bias)
{
  uint64_t start = page_down (bias + s->vaddr), file_end = bias + s->vaddr + s->filesz;
  uint64_t end = user_page_up (bias + s->vaddr + s->memsz), anonymous = start;
  if (s->filesz) {
    anonymous = user_page_up (file_end);
    int64_t at =
        user_mmap (start, anonymous - start, s->prot, MAP_PRIVATE | MAP_FIXED, fd, page_down (s->offset));
    if (at < 0)
      return at;
    if (s->memsz > s->filesz) {
      int64_t error = zero_tail (file_end, anonymous, s->prot);
      if (error < 0)
        return error;
    }
  }
  if (end <= anonymous)
    return 0;
  int64_t at =
      user_mmap (anonymous, end - anonymous, s->prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  return at < 0 ? at : 0;
}

/* Finds a place for a position-independent image: at `want` if that is not 0, else where mmap() puts things.
 * *ret_bias becomes a multiple of the image's alignment. */
static int64_t
find_bias (const ElfImage *image, uint64_t want, uint64_t *ret_bias)
{
  uint64_t align = MAX (image->align, USER_PAGE);
  uint64_t low = image->low & ~(align - 1), size = image->high - low;
  uint64_t hint = want & ~(align - 1);
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  int64_t at = hint ? user_mmap (hint, size, PROT_NONE, flags | MAP_FIXED_NOREPLACE, -1, 0) : -ENOMEM;
  if (at < 0) {
    /* A little more, so that an aligned place is in it. */
    size += align - USER_PAGE;
    at = user_mmap (0, size, PROT_NONE, flags, -1, 0);
  }
  if (at < 0)
    return at;
  user_munmap ((uint64_t)at, size);
  *ret_bias = (((uint64_t)at + align - 1) & ~(align - 1)) - low;
  return 0;
}

/* Maps the image; *ret_bias is what its addresses are moved by. 0 or negative errno. */
static int64_t
map_image (int fd, const ElfImage *image, uint64_t want, uint64_t *ret_bias)
{
  *ret_bias = 0;
  if (image->type == ET_DYN) {
    int64_t error = find_bias (image, want, ret_bias);
    if (error < 0)
      return error;
  } else {
    uint64_t size = image->high - image->low;
    int64_t at =
        user_mmap (image->low, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (at < 0)
      return at;
    user_munmap (image->low, size);
  }
  for (unsigned i = 0; i < image->n_segments; i++) {
    int64_t error = map_segment (fd, &image->segment[i], *ret_bias);
    if (error < 0)
      return error;
  }
  return 0;
}

static bool
map_or_fail (int fd, const char *name, const ElfImage *image, uint64_t want, uint64_t *ret_bias,
             GError **error)
{
  int64_t result = map_image (fd, image, want, ret_bias);
  if (result == 0)
    return true;
  if (image->type == ET_EXEC && (result == -EEXIST || result == -EPERM || result == -ENOMEM))
    g_set_error (error, load_error (), EXIT_NOT_EXECUTABLE,
                 "%s: it must be loaded at %#" G_GINT64_MODIFIER "x, where there is no room", name,
                 image->low);
  else
    g_set_error (error, load_error (), EXIT_NOT_EXECUTABLE, "%s: cannot be loaded: %s", name,
                 g_strerror ((int)-result));
  return false;
}

/* Opens the dynamic loader and parses it. */
static int
open_interp (const char *name, ElfImage *ret_image, GError **error)
{
  const GuestIsa *isa = user_process.isa;
  g_autofree char *path = user_path (name);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      g_set_error (error, load_error (), EXIT_NOT_FOUND,
                   "%s: the program's dynamic loader was not found; pass -L DIR with a %s root, or set "
                   "VITRINE_LD_PREFIX",
                   name, isa->name);
    else
      fail_errno (error, path, errno);
    return -1;
  }
  g_autofree char *why = NULL;
  if (elf_check_fd (fd, isa->bits, isa->elf_machine, user_task_size (), ret_image, &why) == 0)
    return fd;
  g_set_error (error, load_error (), EXIT_NOT_EXECUTABLE,
               "%s: the program's dynamic loader is %s; pass -L DIR with a %s root", path, why, isa->name);
  close (fd);
  return -1;
}

/* As Linux does: of a program with a dynamic loader that one guards what may be. */
static void
guard_code (ElfImage *image)
{
  for (unsigned i = 0; i < image->n_segments && image->guard; i++)
    if (image->segment[i].prot & PROT_EXEC)
      image->segment[i].prot |= USER_PROT_GUARDED;
}

static bool
load_interp (const char *name, uint64_t *ret_entry, GError **error)
{
  ElfImage image;
  int fd = open_interp (name, &image, error);
  if (fd < 0)
    return false;
  uint64_t bias;
  guard_code (&image);
  bool ok = map_or_fail (fd, name, &image, 0, &bias, error);
  close (fd);
  user_process.interp_base = bias;
  *ret_entry = bias + image.entry;
  elf_image_clear (&image);
  return ok;
}

static bool
map_vdso (const UserLoaderAbi *abi, GError **error)
{
  const GuestIsa *isa = user_process.isa;
  uint64_t sigreturn;
  g_autoptr (GByteArray) image = user_vdso_build (abi, isa->bits, isa->elf_machine, &sigreturn);
  int64_t at = user_mmap_kind (0, image->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0,
                               USER_MAP_VDSO);
  if (at < 0 || user_write ((uint64_t)at, image->data, image->len) < 0 ||
      user_mprotect ((uint64_t)at, image->len, PROT_READ | PROT_EXEC) < 0) {
    g_set_error (error, load_error (), EXIT_NOT_EXECUTABLE, "no memory for the program's vDSO");
    return false;
  }
  user_process.vdso = (uint64_t)at;
  user_process.vdso_sigreturn = (uint64_t)at + sigreturn;
  return true;
}

static int
open_program (const char *path, GError **error)
{
  if (user_process.exec_fd >= 0)
    return user_process.exec_fd;
  g_autofree char *host_path = user_path (path);
  int fd = open (host_path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  if (fd < 0) {
    fail_errno (error, path, errno);
  } else if (fstat (fd, &st) == 0 && !S_ISREG (st.st_mode)) {
    fail_errno (error, path, S_ISDIR (st.st_mode) ? EISDIR : EACCES);
    close (fd);
    fd = -1;
  }
  return fd;
}

/* The program's name in /proc: its absolute path, and its last component for the thread. */
static void
set_names (int fd, const char *path)
{
  char link[64], target[PATH_MAX];
  g_snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink (link, target, sizeof target - 1);
  if (n > 0)
    user_process.exe_path = g_strndup (target, (gsize)n);
  else
    user_process.exe_path = realpath (path, NULL);
  g_autofree char *name = g_path_get_basename (path);
  prctl (PR_SET_NAME, name);
}

static bool
check_flags (const UserLoaderAbi *abi, const Cpu *cpu, const char *name, const ElfImage *image,
             GError **error)
{
  const char *why;
  if (abi->check_elf_flags (cpu, image->flags, &why))
    return true;
  g_set_error (error, load_error (), EXIT_NOT_EXECUTABLE, "%s: %s", name, why);
  return false;
}

static void
start_heap (const ElfImage *image, uint64_t bias)
{
  uint64_t brk = user_page_up (bias + image->end_brk);
  user_brk_init (brk + user_brk_random ());
}

static bool
load_image (int fd, const char *path, ElfImage *image, const UserLoaderAbi *abi, Cpu *cpu,
            UserStackInfo *info, GError **error)
{
  UserProcess *p = &user_process;
  uint64_t pie = user_pie_base (), bias;
  if (image->interp == NULL)
    guard_code (image);
  if (!check_flags (abi, cpu, path, image, error) || !map_or_fail (fd, path, image, pie, &bias, error))
    return false;
  p->load_bias = bias;
  p->entry = bias + image->entry;
  p->phdr = image->phdr ? bias + image->phdr : 0;
  start_heap (image, bias);
  info->pc = p->entry;
  info->phnum = image->phnum;
  info->phentsize = image->phentsize;
  info->exec_stack = image->exec_stack;
  return !image->interp || load_interp (image->interp, &info->pc, error);
}

bool
user_load_program (const char *path, char **argv, char **envp, Cpu *cpu, GError **error)
{
  const GuestIsa *isa = user_process.isa;
  const UserLoaderAbi *abi = user_loader_abi_find (isa);
  if (!abi) {
    g_set_error (error, load_error (), EXIT_NOT_EXECUTABLE, "Linux programs for %s cannot be run", isa->name);
    return false;
  }
  if (user_process.abi->init_guard != NULL)
    user_process.abi->init_guard (cpu);
  int fd = open_program (path, error);
  if (fd < 0)
    return false;

  ElfImage image;
  g_autofree char *why = NULL;
  int code = elf_check_fd (fd, isa->bits, isa->elf_machine, user_task_size (), &image, &why);
  UserStackInfo info = { .abi = abi, .exec_name = path, .argv = argv, .envp = envp };
  bool ok = code == 0;
  if (ok)
    ok = load_image (fd, path, &image, abi, cpu, &info, error);
  else
    g_set_error (error, load_error (), EXIT_NOT_EXECUTABLE, "%s: %s", path, why);
  set_names (fd, path);
  close (fd);
  user_process.exec_fd = -1;
  uint64_t sp = 0;
  ok = ok && map_vdso (abi, error) && user_stack_build (cpu, &info, &sp, error);
  elf_image_clear (&image);
  if (ok)
    abi->start (cpu, info.pc, sp);
  return ok;
}
