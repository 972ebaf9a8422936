/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Code for guarded pages: each instruction that it may begin with, and each way of getting there. */

#include <stdint.h>

enum { NOP = 0xd503201f, RET = 0xd65f03c0, AUTIASP = 0xd50323bf, BR_X16 = 0xd61f0200, BR_X3 = 0xd61f0060 };

/* What code begins with, and which BTYPEs it allows: a bit each. */
static const struct {
  uint32_t insn;
  unsigned allows;
} landings[] = {
  { NOP, 0 },
  { 0xd503241f, 0 },               /* BTI */
  { 0xd503245f, 1 << 1 | 1 << 2 }, /* BTI c */
  { 0xd503249f, 1 << 1 | 1 << 3 }, /* BTI j */
  { 0xd50324df, 1 << 1 | 1 << 2 | 1 << 3 },
  { 0xd503233f, 1 << 1 | 1 << 2 }, /* PACIASP: SCTLR_EL1.BT0 is set */
};
enum { N_LANDINGS = sizeof landings / sizeof *landings, STEP = 4, STUBS = N_LANDINGS * STEP };

static uint32_t *code; /* a page of all that, by fill () */

/* Ways to get to `target`; the returns that are no branches of the guarded kind. */
static void
by_blr (void *target)
{
  __asm__ volatile ("blr %0" ::"r"(target) : "x30", "memory");
}

static void
by_br_x16 (void *target)
{
  __asm__ volatile ("mov x16, %0\n adr x30, 1f\n br x16\n1:" ::"r"(target) : "x16", "x30", "memory");
}

static void
by_br_x3 (void *target)
{
  __asm__ volatile ("mov x3, %0\n adr x30, 1f\n br x3\n1:" ::"r"(target) : "x3", "x30", "memory");
}

static void
by_ret (void *target)
{
  __asm__ volatile ("mov x9, %0\n adr x30, 1f\n ret x9\n1:" ::"r"(target) : "x9", "x30", "memory");
}

/* By a branch in the guarded page. */
static void
by_stub (void *target, unsigned stub)
{
  __asm__ volatile ("mov x3, %0\n mov x16, %0\n blr %1" ::"r"(target), "r"(code + STUBS + 2 * stub)
                    : "x3", "x16", "x30", "memory");
}

static void
by_guarded_x16 (void *target)
{
  by_stub (target, 0);
}

static void
by_guarded_x3 (void *target)
{
  by_stub (target, 1);
}

static const struct {
  void (*go) (void *);
  unsigned btype;
} ways[] = { { by_blr, 2 }, { by_br_x16, 1 },      { by_br_x3, 1 },
             { by_ret, 0 }, { by_guarded_x16, 1 }, { by_guarded_x3, 3 } };

static void
fill (void)
{
  for (unsigned i = 0; i < N_LANDINGS; i++) {
    code[i * STEP] = landings[i].insn;
    code[i * STEP + 1] = landings[i].insn == 0xd503233f ? AUTIASP : NOP;
    code[i * STEP + 2] = RET;
  }
  for (unsigned i = 0; i < 2; i++) {
    code[STUBS + 2 * i] = 0xd503245f;
    code[STUBS + 2 * i + 1] = i == 0 ? BR_X16 : BR_X3;
  }
}
