/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The system call tables against the kernel's headers, and the address check that guards every
 * pointer. */

#include "syscall.h"
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const headers[] = {
  [USER_SYSCALLS_RISCV64] = "/usr/riscv64-linux-gnu/include/asm/unistd_64.h",
  [USER_SYSCALLS_RISCV32] = "/usr/riscv64-linux-gnu/include/asm/unistd_32.h",
  [USER_SYSCALLS_AARCH64] = "/usr/aarch64-linux-gnu/include/asm/unistd_64.h",
};

/* Numbers and names of a header of the kernel: "#define __NR_name number". */
static GHashTable *
header_numbers (const char *path)
{
  g_autofree char *text = NULL;
  g_autoptr (GMatchInfo) match = NULL;
  g_autoptr (GRegex) regex = g_regex_new ("^#define __NR_(\\w+) (\\d+)$", G_REGEX_MULTILINE, 0, NULL);
  GHashTable *numbers;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL)) {
    g_autofree char *number = g_match_info_fetch (match, 2);

    g_hash_table_insert (numbers, g_match_info_fetch (match, 1), GINT_TO_POINTER (atoi (number)));
  }
  return numbers;
}

static void
test_headers (gconstpointer data)
{
  UserSyscallTable table = GPOINTER_TO_UINT (data);
  unsigned n;
  const UserSyscall *rows = user_syscall_rows (table, &n);
  g_autoptr (GHashTable) numbers = header_numbers (headers[table]);
  GHashTableIter iter;
  gpointer name, number;

  if (numbers == NULL) {
    g_test_skip ("no kernel headers for it");
    return;
  }
  g_assert_cmpuint (g_hash_table_size (numbers), >, 250);
  g_hash_table_iter_init (&iter, numbers);
  while (g_hash_table_iter_next (&iter, &name, &number)) {
    const UserSyscall *row = user_syscall_row (table, GPOINTER_TO_INT (number));

    if (row == NULL)
      g_error ("call %s, number %d, has no row", (char *)name, GPOINTER_TO_INT (number));
    g_assert_cmpstr (row->name, ==, name);
  }
  for (unsigned i = 0; i < n; i++)
    g_assert_true (g_hash_table_contains (numbers, rows[i].name));
}

static void
check_row (const UserSyscall *row)
{
  for (unsigned i = 0; i < row->n_args; i++) {
    const UserArg *arg = &row->arg[i];
    bool structure = (arg->type >= ARG_SIN && arg->type <= ARG_SINOUT) || arg->type == ARG_ARRAY;
    bool counted = arg->type == ARG_IN || arg->type == ARG_OUT || arg->type == ARG_IOV ||
                   arg->type == ARG_IOVOUT || arg->type == ARG_ARRAY;

    g_assert_cmpint (structure, ==, arg->kind != K_NONE);
    g_assert_cmpint (arg->type == ARG_FLAGS || arg->type == ARG_OPEN || arg->type == ARG_ENUM, ==,
                     arg->names != NULL);
    if (counted) {
      g_assert_cmpuint (arg->len, <, row->n_args);
      g_assert_cmpuint (arg->len, !=, i);
      g_assert_true (row->arg[arg->len].type <= ARG_SIZE);
    }
    if (structure)
      g_assert_cmpuint (user_kind_host_size (arg->kind), <=, USER_KIND_MAX_SIZE);
    /* Only handlers know what these point to. */
    if (row->fn == NULL && !row->absent) {
      g_assert_true (arg->type != ARG_ADDR || i == 2);
      g_assert_true (arg->type != ARG_IOV && arg->type != ARG_IOVOUT && arg->type != ARG_ARGV);
      g_assert_true (arg->kind != K_SOCKADDR);
    }
  }
}

static void
test_rows (gconstpointer data)
{
  UserSyscallTable table = GPOINTER_TO_UINT (data);
  unsigned n;
  const UserSyscall *rows = user_syscall_rows (table, &n);
  bool seen[USER_SYSCALL_MAX] = { false };

  for (unsigned i = 0; i < n; i++) {
    const UserSyscall *row = &rows[i];

    g_assert_cmpint (row->number, <, USER_SYSCALL_MAX);
    g_assert_false (seen[row->number]);
    seen[row->number] = true;
    g_assert_true (user_syscall_row (table, row->number) == row);
    if (row->absent) {
      g_assert_cmpint (row->host, <, 0);
      g_assert_null (row->fn);
    } else
      g_assert_true (row->fn != NULL || row->host >= 0);
    check_row (row);
  }
  g_assert_null (user_syscall_row (table, USER_SYSCALL_MAX));
  g_assert_null (user_syscall_row (table, UINT64_MAX));
  g_assert_null (user_syscall_row (table, 244));
}

/* No pointer of the guest may name memory outside its space, whatever its length. */
static void
test_pointers (void)
{
  uint64_t end = guest_space_size;

  g_assert_null (user_ptr (0, 100));
  g_assert_true (user_ptr (4096, 100) == g2h (4096));
  g_assert_true (user_ptr (end - 100, 100) == g2h (end - 100));
  g_assert_cmpuint ((uintptr_t)user_ptr (end - 100, 101), >=, USER_BAD_ADDR);
  g_assert_cmpuint ((uintptr_t)user_ptr (end, 1), >=, USER_BAD_ADDR);
  g_assert_cmpuint ((uintptr_t)user_ptr (4096, UINT64_MAX), >=, USER_BAD_ADDR);
  g_assert_cmpuint ((uintptr_t)user_ptr (4096, UINT64_MAX - 4095), >=, USER_BAD_ADDR);
  g_assert_cmpuint ((uintptr_t)user_ptr (UINT64_MAX, 1), >=, USER_BAD_ADDR);
  g_assert_cmpuint ((uintptr_t)user_ptr ((uintptr_t)&end, 8), >=, USER_BAD_ADDR);
  /* Alignment survives, for calls that look at it first. */
  g_assert_cmpuint ((uintptr_t)user_ptr (end + 5, 1) & 7, ==, 5);
}

static void
test_descriptors (void)
{
  int low = dup (0), high = user_fd_hide (low);

  g_assert_cmpint (high, >=, 64);
  g_assert_true (user_fd_hidden (high));
  g_assert_cmpint (user_fd_floor, <=, high);
  g_assert_false (user_fd_hidden (low));
  g_assert_false (user_fd_hidden (high + 1));
  user_fd_unhide (high);
  g_assert_false (user_fd_hidden (high));
  close (high);
}

int
main (int argc, char **argv)
{
  static const GuestIsa isa = { .name = "riscv64", .bits = 64 };
  G_STATIC_ASSERT (G_N_ELEMENTS (headers) == USER_N_SYSCALL_TABLES);

  g_test_init (&argc, &argv, NULL);
  user_process.isa = &isa;
  guest_space_size = UINT64_C (1) << 38;
  static const char *const names[] = { "riscv64", "riscv32", "aarch64" };
  for (unsigned i = 0; i < USER_N_SYSCALL_TABLES; i++) {
    g_autofree char *rows = g_strconcat ("/user/syscall-table/rows-", names[i], NULL);
    g_autofree char *against = g_strconcat ("/user/syscall-table/headers-", names[i], NULL);
    g_test_add_data_func (rows, GUINT_TO_POINTER (i), test_rows);
    g_test_add_data_func (against, GUINT_TO_POINTER (i), test_headers);
  }
  g_test_add_func ("/user/syscall-table/pointers", test_pointers);
  g_test_add_func ("/user/syscall-table/descriptors", test_descriptors);
  return g_test_run ();
}
