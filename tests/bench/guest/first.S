/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A guest whose first instructions speak on the board's serial port: when they run, the machine is made. */

  .globl _start
_start:
#ifdef __riscv
  lui x10, 0x10000
  la x11, text
next:
  lbu x12, (x11)
  beqz x12, stay
  sb x12, (x10)
  addi x11, x11, 1
  j next
stay:
  wfi
  j stay
#else
  mov x0, #0x09000000
  mov w1, #0x101 /* CR: UARTEN, TXE */
  str w1, [x0, #0x30]
  adr x2, text
next:
  ldrb w1, [x2], #1
  cbz w1, stay
  str w1, [x0]
  b next
stay:
  wfi
  b stay
#endif

text:
  .asciz "@done\n"
