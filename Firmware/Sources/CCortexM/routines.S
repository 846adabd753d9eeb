// What compiled programs call: the only code beside their own that their threads may execute. The linker script keeps it in the
// region that `CompiledProgramText` names. What the code relies on is said in Sources/JIT: the routines change r12 and lr alone.
//
// A thread's stack takes the lowest 1024 bytes of its memory, and at their end, right below the arena, lies its record: see
// program_record in routines.h.

  .syntax unified
  .cpu cortex-m3
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

// Divides or shifts two numbers of 64 bits at sp, as r12 says: RFC 9669 §4.1 where the processor has no instruction. The result is
// in r12 and lr. Division by zero gives 0, and the dividend as remainder. The numbers at sp may change.
  .equ OPERANDS, 52
routine program_divide
  push {r0-r11, lr}
  ldrd r0, r1, [sp, #OPERANDS]
  ldrd r2, r3, [sp, #(OPERANDS + 8)]
  cmp r12, #1
  bhi 2f
  bl divide
1:
  // The remainder if r12 is odd.
  lsrs r12, r12, #1
  itete cs
  movcs r12, r2
  movcc r12, r0
  movcs lr, r3
  movcc lr, r1
  pop {r0-r11, pc}
2:
  cmp r12, #4
  bhs 3f
  // With signs: those of dividend and divisor as masks in r7 and r8.
  asrs r7, r1, #31
  eor r0, r0, r7
  eor r1, r1, r7
  subs r0, r0, r7
  sbc r1, r1, r7
  asrs r8, r3, #31
  eor r2, r2, r8
  eor r3, r3, r8
  subs r2, r2, r8
  sbc r3, r3, r8
  strd r0, r1, [sp, #OPERANDS]
  strd r2, r3, [sp, #(OPERANDS + 8)]
  bl divide
  eor r2, r2, r7
  eor r3, r3, r7
  subs r2, r2, r7
  sbc r3, r3, r7
  eor r7, r7, r8
  eor r0, r0, r7
  eor r1, r1, r7
  subs r0, r0, r7
  sbc r1, r1, r7
  b 1b
3:
  // A word shifted by 32 or more is zero, and so is one shifted by a negative number, whose lowest byte counts.
  and r2, r2, #63
  rsb r3, r2, #32
  sub r4, r2, #32
  bhi 4f
  lsl lr, r1, r2
  lsr r5, r0, r3
  orr lr, lr, r5
  lsl r5, r0, r4
  orr lr, lr, r5
  lsl r12, r0, r2
  pop {r0-r11, pc}
4:
  lsr r0, r0, r2
  lsl r3, r1, r3
  orr r0, r0, r3
  cmp r12, #6
  beq 5f
  lsr r5, r1, r4
  orr r12, r0, r5
  lsr lr, r1, r2
  pop {r0-r11, pc}
5:
  // But for one with a sign, of which the sign is left.
  cmp r4, #0
  itt ge
  asrge r5, r1, r4
  orrge r0, r0, r5
  mov r12, r0
  asr lr, r1, r2
  pop {r0-r11, pc}

// r4 = r1:r0 / r2, and r1 the remainder, where bit 31 of r2 is set and r1 < r2: two digits of 16 bits, of which each is guessed
// from the upper half of r2, and is then at most two too high (Knuth, The Art of Computer Programming 2, 4.3.1). Changes r0, r5 and
// r9 to r11.
  .macro divide_normalized
  lsr r5, r2, #16
  uxth r9, r2
  udiv r4, r1, r5
  mls r1, r4, r5, r1
  lsr r11, r0, #16
  orr r1, r11, r1, lsl #16
  mul r11, r4, r9
  subs r1, r1, r11
  bhs 7f
6:
  subs r4, r4, #1
  adds r1, r1, r2
  bcc 6b
7:
  udiv r10, r1, r5
  mls r1, r10, r5, r1
  uxth r0, r0
  orr r1, r0, r1, lsl #16
  mul r11, r10, r9
  subs r1, r1, r11
  bhs 9f
8:
  sub r10, r10, #1
  adds r1, r1, r2
  bcc 8b
9:
  add r4, r10, r4, lsl #16
  .endm

// r1:r0 / r3:r2, which also stand at sp, without signs: the quotient in r1:r0, the remainder in r3:r2. Changes r4 to r6 and r9 to
// r11.
divide:
  cmp r3, #0
  bne 3f
  cbz r2, 2f
  cbnz r1, 1f
  udiv r4, r0, r2
  mls r2, r4, r2, r0
  mov r0, r4
  bx lr
2:
  // By more than there is, or by zero.
  mov r2, r0
  mov r3, r1
  movs r0, #0
  movs r1, #0
  bx lr
1:
  // By a word: first the upper half of the quotient, then the lower one.
  udiv r6, r1, r2
  mls r1, r6, r2, r1
  clz r3, r2
  rsb r4, r3, #32
  lsl r2, r2, r3
  lsl r1, r1, r3
  lsr r4, r0, r4
  orr r1, r1, r4
  lsl r0, r0, r3
  divide_normalized
  lsr r2, r1, r3
  movs r3, #0
  mov r0, r4
  mov r1, r6
  bx lr
3:
  // By two words: half the dividend by the divisor's highest 32 bits, shifted, is the quotient or one more (Warren, Hacker's
  // Delight, 9-5).
  cmp r1, r3
  blo 2b
  clz r6, r3
  rsb r4, r6, #32
  lsl r3, r3, r6
  lsr r2, r2, r4
  orr r2, r2, r3
  lsrs r1, r1, #1
  rrx r0, r0
  divide_normalized
  rsb r6, r6, #31
  lsrs r4, r4, r6
  it ne
  subne r4, r4, #1
  ldrd r0, r1, [sp, #OPERANDS]
  ldrd r2, r3, [sp, #(OPERANDS + 8)]
  // One less may be one too few.
  umull r5, r6, r4, r2
  mla r6, r4, r3, r6
  subs r5, r0, r5
  sbc r6, r1, r6
  subs r0, r5, r2
  sbcs r1, r6, r3
  ittt hs
  movhs r5, r0
  movhs r6, r1
  addhs r4, r4, #1
  mov r2, r5
  mov r3, r6
  mov r0, r4
  movs r1, #0
  bx lr
