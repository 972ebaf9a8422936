/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The rows of the definition files as tables, and the index by number. */

#include "syscall.h"
#include "sys-names.h"
#include <errno.h>
#include <sys/syscall.h>

#define INT          { ARG_INT }
#define UINT         { ARG_UINT }
#define LONG         { ARG_LONG }
#define SIZE         { ARG_SIZE }
#define HEX          { ARG_HEX }
#define OFF          { ARG_OFF }
#define FD           { ARG_FD }
#define DIRFD        { ARG_DIRFD }
#define PID          { ARG_PID }
#define ID           { ARG_ID }
#define MODE         { ARG_MODE }
#define DEV          { ARG_DEV }
#define SIG          { ARG_SIG }
#define ADDR         { ARG_ADDR }
#define CMD          { ARG_CMD }
#define PATH         { ARG_PATH }
#define LPATH        { ARG_LPATH }
#define STR          { ARG_STR }
#define SIGSET       { ARG_SIGSET }
#define ARGV         { ARG_ARGV }
#define FLAGS(table) { ARG_FLAGS, .names = names_##table }
#define ENUM(table)  { ARG_ENUM, .names = names_##table }
#define IN(n)        { ARG_IN, .len = n }
#define OUT(n)       { ARG_OUT, .len = n }
#define PTR(bytes)   { ARG_PTR, .size = bytes }
#define SIN(k)       { ARG_SIN, .kind = K_##k }
#define SOUT(k)      { ARG_SOUT, .kind = K_##k }
#define SINOUT(k)    { ARG_SINOUT, .kind = K_##k }
#define IOV(n)       { ARG_IOV, .len = n }
#define IOVOUT(n)    { ARG_IOVOUT, .len = n }
#define ARRAY(k, n)  { ARG_ARRAY, .kind = K_##k, .len = n }

#define ROW(nr, text, fn_, host_, absent_, ret_, flags_, ...)                                                \
  { .name = text,                                                                                            \
    .fn = fn_,                                                                                               \
    .number = nr,                                                                                            \
    .host = host_,                                                                                           \
    .flags = flags_,                                                                                         \
    .ret = ret_,                                                                                             \
    .absent = absent_,                                                                                       \
    .arg = { __VA_ARGS__ } },
#define PASS(nr, name, ret, ...)        ROW (nr, #name, NULL, __NR_##name, false, RET_##ret, __VA_ARGS__)
#define HPASS(nr, name, host, ret, ...) ROW (nr, #name, NULL, __NR_##host, false, RET_##ret, __VA_ARGS__)
#define CALL(nr, name, ret, ...)        ROW (nr, #name, sys_##name, -ENOSYS, false, RET_##ret, __VA_ARGS__)
#define HCALL(nr, name, handler, ret, ...)                                                                   \
  ROW (nr, #name, sys_##handler, -ENOSYS, false, RET_##ret, __VA_ARGS__)
#define NONE(nr, name, error, ...) ROW (nr, #name, NULL, -(error), true, RET_INT, 0, __VA_ARGS__)

static UserSyscall rows_64[] = {
#include "syscalls.def"
#include "syscalls-64.def"
};

static UserSyscall rows_32[] = {
#include "syscalls.def"
#include "syscalls-32.def"
};

static const UserSyscall *by_number_64[USER_SYSCALL_MAX], *by_number_32[USER_SYSCALL_MAX];

static void
index_rows (UserSyscall *rows, unsigned n, const UserSyscall **by_number)
{
  for (unsigned i = 0; i < n; i++) {
    while (rows[i].n_args < 6 && rows[i].arg[rows[i].n_args].type != ARG_NONE)
      rows[i].n_args++;
    by_number[rows[i].number] = &rows[i];
  }
}

/* Before main(), so that the look-up needs no check. */
static void __attribute__ ((constructor))
index_tables (void)
{
  index_rows (rows_64, G_N_ELEMENTS (rows_64), by_number_64);
  index_rows (rows_32, G_N_ELEMENTS (rows_32), by_number_32);
}

const UserSyscall *
user_syscall_rows (unsigned bits, unsigned *ret_n)
{
  *ret_n = bits == 32 ? G_N_ELEMENTS (rows_32) : G_N_ELEMENTS (rows_64);
  return bits == 32 ? rows_32 : rows_64;
}

const UserSyscall *
user_syscall_row (unsigned bits, uint64_t number)
{
  if (number >= USER_SYSCALL_MAX)
    return NULL;
  return bits == 32 ? by_number_32[number] : by_number_64[number];
}
