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
#define OPEN         { ARG_OPEN, .names = names_open }
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

static UserSyscall rows_riscv64[] = {
#include "syscalls.def"
#include "syscalls-64.def"
#include "riscv/syscalls-riscv.def"
};

static UserSyscall rows_riscv32[] = {
#include "syscalls.def"
#include "syscalls-32.def"
#include "riscv/syscalls-riscv.def"
};

static UserSyscall rows_aarch64[] = {
#include "syscalls.def"
#include "syscalls-64.def"
#include "arm/syscalls-arm.def"
};

static struct {
  UserSyscall *rows;
  unsigned n;
  const UserSyscall *by_number[USER_SYSCALL_MAX];
} tables[USER_N_SYSCALL_TABLES] = {
  [USER_SYSCALLS_RISCV64] = { rows_riscv64, G_N_ELEMENTS (rows_riscv64), { NULL } },
  [USER_SYSCALLS_RISCV32] = { rows_riscv32, G_N_ELEMENTS (rows_riscv32), { NULL } },
  [USER_SYSCALLS_AARCH64] = { rows_aarch64, G_N_ELEMENTS (rows_aarch64), { NULL } },
};

/* Before main(), so that the look-up needs no check. */
static void __attribute__ ((constructor))
index_tables (void)
{
  for (unsigned t = 0; t < USER_N_SYSCALL_TABLES; t++)
    for (unsigned i = 0; i < tables[t].n; i++) {
      UserSyscall *row = &tables[t].rows[i];
      while (row->n_args < 6 && row->arg[row->n_args].type != ARG_NONE)
        row->n_args++;
      tables[t].by_number[row->number] = row;
    }
}

const UserSyscall *
user_syscall_rows (UserSyscallTable table, unsigned *ret_n)
{
  *ret_n = tables[table].n;
  return tables[table].rows;
}

const UserSyscall *
user_syscall_row (UserSyscallTable table, uint64_t number)
{
  return number < USER_SYSCALL_MAX ? tables[table].by_number[number] : NULL;
}
