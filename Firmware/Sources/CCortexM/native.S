// The ways into and out of compiled programs. What compiled code relies on is said in Sources/JIT: the routines change r12
// and lr alone, and find what they were given in r12 and on the stack.
//
// Compiled code runs on a stack of its own. So the firmware can carry out a helper by having native_enter return to it, and
// whether the program can be stopped at an interrupt is told from where the stack pointer is.

  .syntax unified
  .cpu cortex-m4
  .thumb

  // Offsets in native_run, see native.h.
  .equ RUN_ARENA, 12
  .equ RUN_RODATA, 20
  .equ RUN_HOST_STACK, 36
  .equ RUN_STACK, 40
  .equ RUN_RULE, 44
  .equ RUN_SITE, 48
  .equ RUN_ADDRESS, 52
  .equ RUN_POSITION, 56
  .equ RUN_ARGUMENTS, 60
  .equ RUN_RESULT, 64

  .section .bss.native_current, "aw", %nobits
  .balign 4
  // The run that is under way.
  .global native_current
native_current:
  .space 4

  // What compiled code takes of it, and the interrupts on top, is counted in docs/jit.md.
  .section .bss.native_stack, "aw", %nobits
  .balign 8
  .global native_stack, native_stack_end
native_stack:
  .space 1024
native_stack_end:

  .macro routine name
  .section .text.\name, "ax", %progbits
  .balign 4
  .global \name
  .type \name, %function
  .thumb_func
\name:
  .endm

// native_pause native_enter(native_run *run, uint32_t code)
routine native_enter
  push {r4-r11, lr}
  ldr r2, =native_current
  str r0, [r2]
  str sp, [r0, #RUN_HOST_STACK]
  mov r12, r0
  ldr r11, [r0, #RUN_ARENA]
  ldr r2, =native_stack_end
  mov sp, r2
  adr r2, returned
  adds r2, #1
  push {r2}
  bx r1
  .balign 4
returned:
  ldr r2, =native_current
  ldr r2, [r2]
  strd r0, r1, [r2, #RUN_RESULT]
  movs r0, #0
  // Back to the firmware: why in r0, the run in r2.
native_leave:
  ldr r1, [r2, #RUN_HOST_STACK]
  mov sp, r1
  pop {r4-r11, pc}

// native_pause native_resume(native_run *run, uint64_t result)
routine native_resume
  push {r4-r11, lr}
  str sp, [r0, #RUN_HOST_STACK]
  mov r12, r2
  mov lr, r3
  ldr r1, [r0, #RUN_STACK]
  mov sp, r1
  pop {r0-r11, pc}

// Ends the run: rule in r12, address in r0, lr is behind the instruction that called.
routine native_trap
  ldr r2, =native_current
  ldr r2, [r2]
  str r12, [r2, #RUN_RULE]
  str lr, [r2, #RUN_SITE]
  str r0, [r2, #RUN_ADDRESS]
  movs r0, #1
  b.w native_leave

// Where the timer's interrupt lets a program go on whose budget is spent; it has noted the site.
routine native_stop
  ldr r2, =native_current
  ldr r2, [r2]
  movs r0, #3
  str r0, [r2, #RUN_RULE]
  movs r0, #0
  str r0, [r2, #RUN_ADDRESS]
  movs r0, #1
  b.w native_leave

// The address in r12 is good when so many bytes from there on lie in the arena, or, to be read, in the read-only data.
  .macro check name, size, is_write
routine \name
  push {r0-r2}
  ldr r0, =native_current
  ldr r0, [r0]
  ldrd r1, r2, [r0, #RUN_ARENA]
  sub r1, r12, r1
  subs r2, #\size
  cmp r1, r2
  bls 1f
  .if \is_write == 0
  ldrd r1, r2, [r0, #RUN_RODATA]
  sub r1, r12, r1
  subs r2, r2, #\size
  blo 2f
  cmp r1, r2
  bls 1f
  .endif
2:
  mov r0, r12
  mov r12, #(1 + \is_write)
  b native_trap
1:
  pop {r0-r2}
  bx lr
  .endm

  check native_check_read_1, 1, 0
  check native_check_read_2, 2, 0
  check native_check_read_4, 4, 0
  check native_check_read_8, 8, 0
  check native_check_write_1, 1, 1
  check native_check_write_2, 2, 1
  check native_check_write_4, 4, 1
  check native_check_write_8, 8, 1

// Has the firmware carry out a helper, see native_pause.
  .macro helper name, pause
routine \name
  push {r0-r11, lr}
  ldr r2, =native_current
  ldr r2, [r2]
  str sp, [r2, #RUN_STACK]
  str lr, [r2, #RUN_SITE]
  str r12, [r2, #RUN_POSITION]
  add r0, sp, #52
  str r0, [r2, #RUN_ARGUMENTS]
  movs r0, #\pause
  b.w native_leave
  .endm

  helper native_call_helper, 2
  helper native_call_numbered, 3

// Divides or shifts two numbers of 64 bits at sp, as r12 says.
routine native_divide
  push {r0-r4, lr}
  ldrd r0, r1, [sp, #24]
  ldrd r2, r3, [sp, #32]
  orr r4, r1, r3
  cbnz r4, 1f
  cmp r12, #1
  bhi 1f
  // Small numbers without sign: by zero the processor gives what is wanted.
  udiv r4, r0, r2
  ite eq
  mlseq r12, r4, r2, r0
  movne r12, r4
  movs r1, #0
  mov lr, r1
  pop {r0-r4, pc}
1:
  // The site, in case that the run is stopped in there.
  ldr r1, =native_current
  ldr r1, [r1]
  str lr, [r1, #RUN_SITE]
  // Functions want the stack divisible by 8.
  mov r4, sp
  bic r1, r4, #7
  mov sp, r1
  mov r0, r12
  add r1, r4, #24
  bl native_calculate
  mov sp, r4
  mov r12, r0
  mov lr, r1
  pop {r0-r4, pc}
