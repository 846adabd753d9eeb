// The ways into and out of compiled programs. What compiled code relies on is said in Sources/JIT: the routines change r12
// and lr alone, and find what they were given in r12 and on the stack.

  .syntax unified
  .cpu cortex-m4
  .thumb

  // Offsets in native_run, see native.h.
  .equ RUN_ARENA, 12
  .equ RUN_RODATA, 20
  .equ RUN_STACK, 28
  .equ RUN_RULE, 32
  .equ RUN_SITE, 36
  .equ RUN_ADDRESS, 40
  .equ RUN_CALL, 44
  .equ RUN_CALL_NUMBERED, 48

  .section .bss.native_current, "aw", %nobits
  .balign 4
  // The run that is under way.
native_current:
  .space 4

  .macro routine name
  .section .text.\name, "ax", %progbits
  .balign 4
  .global \name
  .type \name, %function
  .thumb_func
\name:
  .endm

// uint64_t native_enter(native_run *run, uint32_t code)
routine native_enter
  push {r4-r11, lr}
  ldr r2, =native_current
  str r0, [r2]
  str sp, [r0, #RUN_STACK]
  mov r12, r0
  ldr r11, [r0, #RUN_ARENA]
  adr r2, returned
  adds r2, #1
  push {r2}
  bx r1
  .balign 4
returned:
  pop {r4-r11, pc}

// Ends the run: rule in r12, address in r0, lr is behind the instruction that called.
routine native_trap
  ldr r1, =native_current
  ldr r1, [r1]
  str r12, [r1, #RUN_RULE]
  str lr, [r1, #RUN_SITE]
  str r0, [r1, #RUN_ADDRESS]
  ldr sp, [r1, #RUN_STACK]
  pop {r4-r11, pc}

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

// Calls the function at this offset in native_run: (run, r12, sp before). Its result comes in r12 and lr.
  .macro helper name, function
routine \name
  push {r0-r4, lr}
  add r2, sp, #24
  // Functions want the stack divisible by 8.
  mov r4, sp
  bic r3, r4, #7
  mov sp, r3
  ldr r0, =native_current
  ldr r0, [r0]
  mov r1, r12
  ldr r3, [r0, #\function]
  blx r3
  mov sp, r4
  mov r12, r0
  ldr r0, =native_current
  ldr r0, [r0]
  ldr r0, [r0, #RUN_RULE]
  cbnz r0, 1f
  mov lr, r1
  pop {r0-r4, pc}
1:
  // The rule and the address have been noted.
  ldr r1, =native_current
  ldr r1, [r1]
  ldr r2, [sp, #20]
  str r2, [r1, #RUN_SITE]
  ldr sp, [r1, #RUN_STACK]
  pop {r4-r11, pc}
  .endm

  helper native_call_helper, RUN_CALL
  helper native_call_numbered, RUN_CALL_NUMBERED

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
