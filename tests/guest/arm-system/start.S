/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Entry of the CPUs, and the exception vectors of EL1 to EL3, which do the same. */

#define CPUS       8
#define STACK_SIZE 32768 /* of each CPU and exception level */

  .macro el_stack reg, cpu, el, tmp
  /* stacks + ((cpu * 4) + el + 1) * STACK_SIZE */
  lsl \tmp, \cpu, #2
  add \tmp, \tmp, #(\el + 1)
  lsl \tmp, \tmp, #15
  adrp \reg, stacks
  add \reg, \reg, :lo12:stacks
  add \reg, \reg, \tmp
  .endm

  .section .text.start, "ax"
  .globl _start, secondary_start
_start:
  adrp x20, bare_fdt
  str x0, [x20, :lo12:bare_fdt]
  mov x21, #0 /* the first CPU */
  b common
secondary_start: /* by PSCI's CPU_ON */
  mov x21, #1
common:
  msr spsel, #1
  bl cpu_number
  mov x19, x0
  cmp x19, #CPUS
  b.hs halt
  mrs x0, CurrentEL
  lsr x0, x0, #2
  cmp x0, #2
  b.eq at_el2
  b.lo at_el1
  /* EL3: everything is open to the lower levels, which are 64-bit and non-secure. */
  adrp x1, vectors_el3
  add x1, x1, :lo12:vectors_el3
  msr vbar_el3, x1
  msr cptr_el3, xzr
  mov x1, #0x531 /* RW, HCE, NS */
  msr scr_el3, x1
  el_stack x2, x19, 3, x1
  mov sp, x2
at_el2:
  mrs x1, id_aa64pfr0_el1
  tst x1, #0xf00
  b.eq no_el2
  adrp x1, vectors_el2
  add x1, x1, :lo12:vectors_el2
  msr vbar_el2, x1
  mov x1, #0x33ff
  msr cptr_el2, x1
  mov x1, #1
  lsl x1, x1, #31 /* RW */
  msr hcr_el2, x1
  mov x1, #3
  msr cnthctl_el2, x1
  msr cntvoff_el2, xzr
  mrs x1, midr_el1
  msr vpidr_el2, x1
  mrs x1, mpidr_el1
  msr vmpidr_el2, x1
  mrs x1, CurrentEL
  cmp x1, #8
  el_stack x2, x19, 2, x1
  b.eq 1f
  msr sp_el2, x2
  b no_el2
1:
  mov sp, x2
no_el2:
at_el1:
  adrp x1, vectors_el1
  add x1, x1, :lo12:vectors_el1
  msr vbar_el1, x1
  mov x1, #(3 << 20)
  msr cpacr_el1, x1
  mrs x1, CurrentEL
  cmp x1, #4
  el_stack x2, x19, 1, x1
  b.eq 2f
  msr sp_el1, x2
  b 3f
2:
  mov sp, x2
3:
  el_stack x2, x19, 0, x1
  msr sp_el0, x2
  isb
  mov x0, x19
  cbnz x21, 4f
  bl bare_main
4:
  bl bare_secondary_main
halt:
  wfi
  b halt

/* Aff1 and Aff0 as one number: the boards put 8 or 16 CPUs into an Aff1, and these programs have no more than 8. */
  .globl cpu_number
cpu_number:
  mrs x0, mpidr_el1
  and x0, x0, #0xff
  ret

/* struct TrapFrame: x0 to x30, then ELR, SPSR, ESR, FAR, the vector's offset, the level. */
#define FRAME_SIZE 304

  .macro vector el, offset
  .balign 0x80
  sub sp, sp, #FRAME_SIZE
  stp x0, x1, [sp]
  mov x1, #\offset
  b entry_el\el
  .endm

  .macro vectors el
  .balign 0x800
  .globl vectors_el\el
vectors_el\el:
  .irp offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780
  vector \el, \offset
  .endr
entry_el\el:
  str x1, [sp, #(35 * 8)]
  mrs x0, esr_el\el
  cmp x1, #0x400
  b.ne 5f
  /* The end of run_in()? */
  mrs x0, elr_el\el
  adrp x1, run_in_back
  add x1, x1, :lo12:run_in_back
  sub x0, x0, x1
  cmp x0, #16
  b.hi 5f
  ldr x0, [sp]
  add sp, sp, #FRAME_SIZE
  b run_in_return
5:
  stp x2, x3, [sp, #16]
  stp x4, x5, [sp, #32]
  stp x6, x7, [sp, #48]
  stp x8, x9, [sp, #64]
  stp x10, x11, [sp, #80]
  stp x12, x13, [sp, #96]
  stp x14, x15, [sp, #112]
  stp x16, x17, [sp, #128]
  stp x18, x19, [sp, #144]
  stp x20, x21, [sp, #160]
  stp x22, x23, [sp, #176]
  stp x24, x25, [sp, #192]
  stp x26, x27, [sp, #208]
  stp x28, x29, [sp, #224]
  mrs x0, elr_el\el
  stp x30, x0, [sp, #240]
  mrs x0, spsr_el\el
  mrs x1, esr_el\el
  stp x0, x1, [sp, #256]
  mrs x0, far_el\el
  str x0, [sp, #272]
  mov x0, #\el
  str x0, [sp, #288]
  mov x0, sp
  bl bare_trap
  ldp x30, x0, [sp, #240]
  msr elr_el\el, x0
  ldr x0, [sp, #256]
  msr spsr_el\el, x0
  ldp x2, x3, [sp, #16]
  ldp x4, x5, [sp, #32]
  ldp x6, x7, [sp, #48]
  ldp x8, x9, [sp, #64]
  ldp x10, x11, [sp, #80]
  ldp x12, x13, [sp, #96]
  ldp x14, x15, [sp, #112]
  ldp x16, x17, [sp, #128]
  ldp x18, x19, [sp, #144]
  ldp x20, x21, [sp, #160]
  ldp x22, x23, [sp, #176]
  ldp x24, x25, [sp, #192]
  ldp x26, x27, [sp, #208]
  ldp x28, x29, [sp, #224]
  ldp x0, x1, [sp]
  add sp, sp, #FRAME_SIZE
  eret
  .endm

  .text
  vectors 1
  vectors 2
  vectors 3

/* uint64_t run_in (unsigned el, uint64_t (*function) (uint64_t), uint64_t argument): the function at a lower level; it is the
 * next one where an SVC, HVC or SMC gets back here. An address space in force there has to map this image to itself. */
  .globl run_in, run_in_back
run_in:
  stp x29, x30, [sp, #-112]!
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  mov x9, x0
  mov x10, x1
  mov x11, x2
  bl cpu_number
  adrp x12, run_in_sp
  add x12, x12, :lo12:run_in_sp
  add x12, x12, x0, lsl #3
  ldr x13, [x12]
  mrs x14, daif
  stp x13, x14, [sp, #96]
  mov x13, sp
  str x13, [x12]
  adr x14, run_in_start
  /* SPSR: the level with its own SP, exceptions as they are masked here. */
  mrs x15, daif
  lsl x16, x9, #2
  orr x15, x15, x16
  cbz x9, 6f
  orr x15, x15, #1
6:
  mrs x16, CurrentEL
  cmp x16, #8
  b.lo 7f
  b.hi 8f
  msr spsr_el2, x15
  msr elr_el2, x14
  b 9f
7:
  msr spsr_el1, x15
  msr elr_el1, x14
  b 9f
8:
  msr spsr_el3, x15
  msr elr_el3, x14
9:
  mov x0, x11
  eret
run_in_start:
  mov x19, x9
  blr x10
  cmp x19, #1
  b.eq 1f
  b.hi 2f
run_in_back:
  svc #0x77
1:
  hvc #0x77
2:
  smc #0x77
run_in_return:
  mov x9, x0
  bl cpu_number
  adrp x12, run_in_sp
  add x12, x12, :lo12:run_in_sp
  add x12, x12, x0, lsl #3
  ldr x13, [x12]
  mov sp, x13
  ldp x13, x14, [sp, #96]
  str x13, [x12]
  msr daif, x14
  mov x0, x9
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp x29, x30, [sp], #112
  ret

  .bss
  .balign 65536
stacks:
  .skip CPUS * 4 * STACK_SIZE
run_in_sp:
  .skip CPUS * 8
