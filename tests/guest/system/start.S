/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Entry of all harts, and the trap handler of machine mode. */

#define HARTS      8
#define STACK_SIZE 16384

  .section .text.start, "ax"
  .globl _start
_start:
  csrr tp, mhartid
  li t0, HARTS
  bgeu tp, t0, halt
  la sp, stacks
  addi t1, tp, 1
  li t2, STACK_SIZE
  mul t1, t1, t2
  add sp, sp, t1
  csrw mscratch, zero
  la t0, trap_entry
  csrw mtvec, t0
  li t0, 0x6000 /* mstatus.FS */
  csrs mstatus, t0
  /* Everything is open to the lower modes. */
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
  mv a0, tp
  bnez tp, 1f
  call bare_main
1:
  la t0, bare_ready
2:
  fence
  lw t1, 0(t0)
  beqz t1, 2b
  mv a0, tp
  call bare_secondary
halt:
  wfi
  j halt

/* struct TrapFrame: x1 to x31, then mepc and mstatus. The interrupted code's stack is used, which all modes
 * of these programs share. */
  .balign 4
  .globl trap_entry
trap_entry:
  addi sp, sp, -272
  .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  sd x\n, (\n * 8) (sp)
  .endr
  csrr t0, mepc
  sd t0, 256(sp)
  csrr t0, mstatus
  sd t0, 264(sp)
  mv a0, sp
  call bare_trap
  ld t0, 256(sp)
  csrw mepc, t0
  ld t0, 264(sp)
  csrw mstatus, t0
  .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  ld x\n, (\n * 8) (sp)
  .endr
  addi sp, sp, 272
  mret

/* uint64_t run_in (unsigned mode, uint64_t (*function) (uint64_t), uint64_t argument): the function in a
 * lower mode; the address space in force there has to map this image to itself. */
  .globl run_in
run_in:
  addi sp, sp, -16
  sd ra, 8(sp)
  slli a0, a0, 11
  li t0, 0x1800
  csrc mstatus, t0
  csrs mstatus, a0
  la t0, 1f
  csrw mepc, t0
  mv a0, a2
  mret
1:
  jalr a1
  .globl run_in_back
  .option push
  .option norvc
run_in_back:
  ecall
  .option pop
  ld ra, 8(sp)
  addi sp, sp, 16
  ret

  .bss
  .balign 4096
stacks:
  .skip HARTS * STACK_SIZE
