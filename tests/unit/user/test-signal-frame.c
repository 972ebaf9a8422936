/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Signal frames: what is pushed comes back, where they lie, and which ones are refused. */

#include "guest-thread.h"

#include "sys-layout.h"

static const siginfo_t usr1 = { .si_signo = SIGUSR1, .si_code = SI_USER };

static unsigned
bits_of (const void *data)
{
  return GPOINTER_TO_UINT (data);
}

static void
fill_registers (UserThread *thread)
{
  uint64_t mask = user_is_32 () ? UINT32_MAX : UINT64_MAX;
  for (unsigned i = 1; i < 32; i++)
    if (i != 2)
      *guest_x (thread, i) = (UINT64_C (0x1122334455667788) * i) & mask;
  for (unsigned i = 0; i < 32; i++)
    thread->cpu->state.var[RV_VAR_F + i] = UINT64_C (0x0102030405060708) * (i + 1);
  riscv_cpu_set_fcsr ((RiscvCpu *)thread->cpu, 0x65);
  thread->cpu->state.pc = 0x12344;
}

static void
test_round_trip (const void *data)
{
  UserThread *thread = guest_thread_new (bits_of (data));
  Cpu *cpu = thread->cpu;
  UserSigaction action = { .handler = 0x5000 };
  fill_registers (thread);
  uint64_t before[RV_N_VARS], sp = *guest_x (thread, 2), mask = UINT64_C (0x8000000100000200);
  memcpy (before, cpu->state.var, sizeof before);

  g_assert_true (user_frame_push (thread, &action, &usr1, mask));
  uint64_t frame = *guest_x (thread, 2);
  g_assert_cmpuint (cpu->state.pc, ==, 0x5000);
  g_assert_cmpuint (frame, ==, (sp - user_frame_size (user_process.abi)) & ~UINT64_C (15));
  g_assert_cmpuint (*guest_x (thread, 1), ==, user_process.vdso_sigreturn);
  g_assert_cmpuint (*guest_x (thread, 10), ==, SIGUSR1);
  g_assert_cmpuint (*guest_x (thread, 11), ==, frame);
  g_assert_cmpuint (*guest_x (thread, 12), ==, frame + 128);

  memset (cpu->state.var, 0xee, sizeof cpu->state.var);
  *guest_x (thread, 2) = frame;
  riscv_cpu_set_fcsr ((RiscvCpu *)cpu, 0);
  g_assert_true (user_frame_pop (thread));
  g_assert_cmpmem (cpu->state.var + 1, 63 * 8, before + 1, 63 * 8); /* x0 is not kept */
  g_assert_cmpuint (cpu->state.pc, ==, 0x12344);
  g_assert_cmpuint (riscv_cpu_fcsr ((RiscvCpu *)cpu), ==, 0x65);
  g_assert_cmpuint (thread->sigmask, ==, mask & ~USER_UNBLOCKABLE);
  user_thread_free (thread);
}

static void
test_altstack (const void *data)
{
  UserThread *thread = guest_thread_new (bits_of (data));
  UserSigaction action = { .handler = 0x5000, .flags = SA_ONSTACK };
  uint64_t sp = *guest_x (thread, 2), stack = map_memory (16384), top = stack + 16384;
  g_assert_cmpuint (user_altstack_state (thread, sp), ==, SS_DISABLE);
  g_assert_cmpint (user_altstack_set (thread, sp, stack, 0, 100), ==, -ENOMEM);
  g_assert_cmpint (user_altstack_set (thread, sp, stack, 77, 16384), ==, -EINVAL);
  g_assert_cmpint (user_altstack_set (thread, sp, stack, 0, 16384), ==, 0);

  /* Both ends: one byte used is on it, an empty one not. */
  g_assert_cmpuint (user_altstack_state (thread, top), ==, SS_ONSTACK);
  g_assert_cmpuint (user_altstack_state (thread, stack + 1), ==, SS_ONSTACK);
  g_assert_cmpuint (user_altstack_state (thread, stack), ==, 0);
  g_assert_cmpuint (user_altstack_state (thread, top + 1), ==, 0);

  g_assert_true (user_frame_push (thread, &action, &usr1, 0));
  uint64_t first = *guest_x (thread, 2);
  g_assert_cmpuint (first, ==, (top - user_frame_size (user_process.abi)) & ~UINT64_C (15));
  g_assert_cmpint (user_altstack_set (thread, first, stack, SS_DISABLE, 0), ==, -EPERM);
  /* A second one goes below the first. */
  g_assert_true (user_frame_push (thread, &action, &usr1, 0));
  g_assert_cmpuint (*guest_x (thread, 2), <, first);
  g_assert_cmpuint (*guest_x (thread, 2), >, stack);
  g_assert_true (user_frame_pop (thread));
  g_assert_cmpuint (*guest_x (thread, 2), ==, first);
  /* What does not fit is refused, not put below the stack. */
  *guest_x (thread, 2) = stack + 64;
  g_assert_false (user_frame_push (thread, &action, &usr1, 0));
  *guest_x (thread, 2) = first;
  g_assert_true (user_frame_pop (thread));
  g_assert_cmpuint (*guest_x (thread, 2), ==, sp);
  g_assert_cmpuint (thread->altstack_size, ==, 16384);
  user_thread_free (thread);
}

static void
test_autodisarm (const void *data)
{
  const uint32_t autodisarm = 1u << 31;
  UserThread *thread = guest_thread_new (bits_of (data));
  UserSigaction action = { .handler = 0x5000, .flags = SA_ONSTACK };
  uint64_t sp = *guest_x (thread, 2), stack = map_memory (16384);
  g_assert_cmpint (user_altstack_set (thread, sp, stack, autodisarm, 16384), ==, 0);
  g_assert_true (user_frame_push (thread, &action, &usr1, 0));
  g_assert_cmpuint (user_altstack_state (thread, *guest_x (thread, 2)), ==, SS_DISABLE);
  g_assert_true (user_frame_pop (thread));
  g_assert_cmpuint (thread->altstack_sp, ==, stack);
  g_assert_cmpuint (thread->altstack_flags, ==, autodisarm);
  user_thread_free (thread);
}

static void
test_bad_frames (const void *data)
{
  UserThread *thread = guest_thread_new (bits_of (data));
  UserSigaction action = { .handler = 0x5000 };
  unsigned size = user_frame_size (user_process.abi);

  static const uint64_t nowhere[] = { 0, 16, 0x1000, UINT64_C (0xfffff000) };
  for (unsigned i = 0; i < G_N_ELEMENTS (nowhere); i++) {
    *guest_x (thread, 2) = nowhere[i];
    g_assert_false (user_frame_push (thread, &action, &usr1, 0));
    g_assert_false (user_frame_pop (thread));
  }
  /* The last byte is missing. */
  uint64_t memory = map_memory (8192);
  user_munmap (memory + 4096, 4096);
  *guest_x (thread, 2) = (memory + 4096 - size + 16) & ~UINT64_C (15);
  g_assert_false (user_frame_pop (thread));
  /* The words behind the floating-point registers: reserved, and the list of extensions. */
  for (unsigned word = 0; word < 3; word++) {
    memory = map_memory (8192);
    *guest_x (thread, 2) = memory + 8192;
    g_assert_true (user_frame_push (thread, &action, &usr1, 0));
    uint64_t context = *guest_x (thread, 2) + 128;
    uint64_t fp_end = context + (user_is_32 () ? 160 + 32 * 4 : 176 + 32 * 8) + 64 * 8 + 16;
    g_assert_cmpint (user_write (fp_end - 12 + 4 * word, &(uint32_t){ 1 }, 4), ==, 0);
    g_assert_false (user_frame_pop (thread));
  }
  user_thread_free (thread);
}

/* Each layout of 32-bit guests: to the guest and back. */
static void
test_siginfo32 (void)
{
  UserThread *thread = guest_thread_new (32);
  uint64_t at = map_memory (4096);
  siginfo_t infos[] = {
    { .si_signo = SIGUSR1, .si_code = SI_USER },    { .si_signo = SIGUSR1, .si_code = SI_TKILL },
    { .si_signo = 40, .si_code = SI_QUEUE },        { .si_signo = SIGALRM, .si_code = SI_TIMER },
    { .si_signo = SIGCHLD, .si_code = CLD_KILLED }, { .si_signo = SIGSEGV, .si_code = SEGV_ACCERR },
    { .si_signo = SIGIO, .si_code = POLL_OUT },     { .si_signo = SIGSYS, .si_code = 1 },
    { .si_signo = 44, .si_code = POLL_IN },         { .si_signo = SIGIO, .si_code = SI_SIGIO },
    { .si_signo = SIGHUP, .si_code = SI_KERNEL },
  };
  const uint32_t one = 0x01020304, two = 0x11121314, three = 0x21222324;
  for (unsigned i = 0; i < G_N_ELEMENTS (infos); i++) {
    siginfo_t *info = &infos[i], back;
    uint32_t got[8];
    bool fault = info->si_signo == SIGSEGV, poll = i == 6 || i == 8 || i == 9, sys = info->si_signo == SIGSYS;
    bool child = info->si_signo == SIGCHLD, value = i >= 1 && i <= 3;
    if (fault || sys)
      info->si_addr = (void *)(uintptr_t)one;
    else if (poll)
      info->si_band = one, info->si_fd = (int)two;
    else
      info->si_pid = (int)one, info->si_uid = two;
    if (value)
      info->si_ptr = (void *)(uintptr_t)three;
    if (child)
      info->si_status = (int)three, info->si_utime = 77, info->si_stime = 88;
    if (sys)
      info->si_syscall = (int)two, info->si_arch = three;
    g_assert_cmpint (user_siginfo_write (at, info), ==, 0);
    g_assert_cmpint (user_read (got, at, sizeof got), ==, 0);
    g_assert_cmpuint (got[0], ==, info->si_signo);
    g_assert_cmpint ((int)got[2], ==, info->si_code);
    g_assert_cmpuint (got[3], ==, one);
    g_assert_cmpuint (got[4], ==, fault ? 0 : two);
    g_assert_cmpuint (got[5], ==, value || child || sys ? three : 0);
    g_assert_cmpuint (got[6], ==, child ? 77 : 0);
    g_assert_cmpuint (got[7], ==, child ? 88 : 0);
    memset (&back, 0xff, sizeof back);
    g_assert_cmpint (user_siginfo_read (&back, at), ==, 0);
    g_assert_cmpmem (&back, sizeof back, info, sizeof *info);
  }
  g_assert_cmpint (user_siginfo_read (&infos[0], 8), ==, -EFAULT);
  g_assert_cmpint (user_siginfo_write (8, &infos[0]), ==, -EFAULT);
  user_thread_free (thread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  static const struct {
    const char *name;
    void (*run) (const void *);
  } tests[] = {
    { "round-trip", test_round_trip },
    { "altstack", test_altstack },
    { "autodisarm", test_autodisarm },
    { "bad-frames", test_bad_frames },
  };
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    for (unsigned bits = 32; bits <= 64; bits += 32) {
      g_autofree char *path = g_strdup_printf ("/user/frame/%s/%u", tests[i].name, bits);
      g_test_add_data_func (path, GUINT_TO_POINTER (bits), tests[i].run);
    }
  g_test_add_func ("/user/frame/siginfo32", test_siginfo32);
  return g_test_run ();
}
