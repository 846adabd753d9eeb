// What compiled programs call: the only code beside their own that their threads may execute. The linker script keeps it in the
// region that `CompiledProgramText` names. What the code relies on is said in Sources/JIT: the routines change r12 and lr alone.
//
// A thread's stack takes the lowest 1024 bytes of its memory, and at their end, right below the arena, lies its record: see
// program_record in routines.h.

  .syntax unified
  .cpu cortex-m4
  .thumb

  // Offsets in program_record.
  .equ RECORD_ARENA_SIZE, 12
  .equ RECORD_RODATA, 16
  .equ RECORD_SIZE, 24

  .section .program_text, "ax", %progbits

  .macro routine name
  .balign 4
  .global \name
  .type \name, %function
  .thumb_func
\name:
  .endm

// Where the first function of a program returns to, with its result in r0 and r1.
routine program_returned
  svc #1

// Ends the program: rule in r12, address in r0, lr is behind the instruction that called.
routine program_trap
  svc #2

// Has a helper carried out: its position in r12, its arguments at sp. The system puts the result into r12 and lr.
routine program_call_helper
  str lr, [sp, #-8]!
  svc #3
  ldr pc, [sp], #8

// Likewise with the helper's number before its arguments.
routine program_call_numbered
  str lr, [sp, #-8]!
  svc #4
  ldr pc, [sp], #8

// The address in r12 is good when so many bytes from there on lie in the arena, whose address is in r11, or, to be read, in the
// read-only data. The record lies right below the arena.
  .macro check name, size, is_write
routine \name
  push {r0-r2}
  ldr r1, [r11, #(RECORD_ARENA_SIZE - RECORD_SIZE)]
  sub r0, r12, r11
  subs r1, #\size
  cmp r0, r1
  bls 1f
  .if \is_write == 0
  ldrd r1, r2, [r11, #(RECORD_RODATA - RECORD_SIZE)]
  sub r0, r12, r1
  subs r2, r2, #\size
  blo 2f
  cmp r0, r2
  bls 1f
  .endif
2:
  mov r0, r12
  mov r12, #(1 + \is_write)
  b program_trap
1:
  pop {r0-r2}
  bx lr
  .endm

  check program_check_read_1, 1, 0
  check program_check_read_2, 2, 0
  check program_check_read_4, 4, 0
  check program_check_read_8, 8, 0
  check program_check_write_1, 1, 1
  check program_check_write_2, 2, 1
  check program_check_write_4, 4, 1
  check program_check_write_8, 8, 1

// Divides or shifts two numbers of 64 bits at sp, as r12 says.
routine program_divide
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
  // Functions want the stack divisible by 8.
  mov r4, sp
  bic r1, r4, #7
  mov sp, r1
  mov r0, r12
  add r1, r4, #24
  bl program_calculate
  mov sp, r4
  mov r12, r0
  mov lr, r1
  pop {r0-r4, pc}
