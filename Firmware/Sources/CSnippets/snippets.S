// Each snippet is copied into a code region and entered as compiled code is: r11 is the address of the arena, the thread's stack
// lies in the 1024 bytes below it, and what the code returns to lies on the stack. All other registers are 0, but r12.

  .syntax unified
  .cpu cortex-m4
  .fpu fpv4-sp-d16
  .thumb

  // As snippets.h has them, with the numbers of `Trap.Rule` and `ThreadFault.Kind`.
  .equ SOMEHOW, 0
  .equ RETURNS, 1
  .equ READ_OUTSIDE, 0x101
  .equ WRITE_OUTSIDE, 0x102
  .equ BUDGET_SPENT, 0x103
  .equ HELPER_FAULT, 0x107
  .equ FETCH_FAULT, 0x203
  .equ STACK_FAULT, 0x204
  .equ INSTRUCTION_FAULT, 0x206
  .equ HARD_FAULT, 0x207
  .equ SYSTEM_CALL_FAULT, 0x208

  .equ ARENA_SIZE, 7168
  .equ STACK_SIZE, 1024

  .section .rodata.snippets, "a", %progbits
  .balign 4
  .global snippets
snippets:
  .section .rodata.snippet_code, "a", %progbits

  // Begins a snippet, and ends the one before.
  .macro snippet name, expected
  .ifdef inside
  end_snippet
  .endif
  .set inside, 1
  .section .rodata.snippet_names, "a", %progbits
77770:
  .asciz "\name"
  .section .rodata.snippet_code, "a", %progbits
  .balign 4
77771:
  .section .rodata.snippets, "a", %progbits
  .word 77770b, 77771b
  .set expectation, \expected
  .section .rodata.snippet_code, "a", %progbits
  .endm

  .macro end_snippet
  .ltorg
  .balign 4
77772:
  .section .rodata.snippets, "a", %progbits
  .word 77772b - 77771b, expectation
  .section .rodata.snippet_code, "a", %progbits
  .endm

  .macro finish
  ldr pc, [sp], #8
  .endm

  .macro load register, value
  movw \register, #(\value) & 0xffff
  movt \register, #((\value) >> 16) & 0xffff
  .endm

  // --- What does no harm.

  snippet "returning", RETURNS
  movs r0, #7
  movs r1, #0
  finish

  snippet "dividing by zero", RETURNS
  movs r1, #0
  udiv r0, r1, r1
  sdiv r0, r0, r1
  finish

  snippet "waiting for events and barriers", RETURNS
  sev
  yield
  dsb
  dmb
  isb
  finish

  // --- Privileges.

  snippet "masking interrupts", BUDGET_SPENT
  cpsid i
  cpsid f
  b .

  snippet "masking interrupts by special registers", BUDGET_SPENT
  movs r0, #1
  msr primask, r0
  msr faultmask, r0
  movs r0, #0x20
  msr basepri, r0
  msr basepri_max, r0
  b .

  snippet "taking privileges", READ_OUTSIDE
  movs r0, #0
  msr control, r0
  isb
  load r1, 0xE000ED00
  ldr r0, [r1]
  finish

  snippet "taking the main stack", RETURNS
  movs r0, #2
  msr control, r0
  isb
  finish

  snippet "moving both stacks by special registers", RETURNS
  load r0, 0x20001000
  msr msp, r0
  msr psp, r0
  mrs r2, msp
  mrs r3, psp
  orrs r2, r3
  finish

  snippet "writing program status", RETURNS
  mvn r0, #0
  msr apsr_nzcvq, r0
  msr ipsr, r0
  msr epsr, r0
  msr iepsr, r0
  finish

  // --- Instructions that raise something.

  snippet "asking the debugger to end the machine", HARD_FAULT
  movs r0, #0x18
  load r1, 0x20026
  bkpt 0xab
  finish

  snippet "breakpoint", HARD_FAULT
  bkpt 0

  snippet "undefined instruction", INSTRUCTION_FAULT
  udf #1

  snippet "undefined instruction of 32 bits", INSTRUCTION_FAULT
  udf.w #0xfff

  snippet "coprocessor", INSTRUCTION_FAULT
  mcr p7, 0, r0, c0, c0, 0

  snippet "floating point", INSTRUCTION_FAULT
  vmov s0, r0

  snippet "floating point from the stack", INSTRUCTION_FAULT
  vpop {s0-s3}

  snippet "opening the floating-point unit", WRITE_OUTSIDE
  load r1, 0xE000ED88
  mvn r0, #0
  str r0, [r1]
  vmov s0, r0

  snippet "system calls without end", BUDGET_SPENT
1:
  svc #0
  b 1b

  snippet "sleeping without end", BUDGET_SPENT
1:
  wfi
  wfe
  b 1b

  snippet "looping", BUDGET_SPENT
  b .

  snippet "switching to Arm state", INSTRUCTION_FAULT
  mov r0, pc
  bic r0, #1
  bx r0

  snippet "condition block around a system call", SYSTEM_CALL_FAULT
  cmp r0, r0
  ittt ne
  svcne #3
  svcne #1
  bne.w . + 0x1000
  itt eq
  moveq r0, #1
  svceq #9

  // --- Jumps.

  .macro jump name, address
  snippet "\name", FETCH_FAULT
  load r0, \address
  bx r0
  .endm

  jump "jump to address 0", 0x00000001
  jump "jump to the vectors", 0x00000041
  jump "jump below the routines", 0x000001FF
  jump "jump above the routines", 0x00000801
  jump "jump into the system", 0x00001001
  jump "jump into the provisioning", 0x003FF001
  jump "jump into the system's memory", 0x20000001
  jump "jump to peripherals", 0x40004001
  jump "jump to the system control space", 0xE000E001
  jump "jump to the end of all addresses", 0xFFFFFFFF
  jump "return from an exception, to the main stack", 0xFFFFFFF9
  jump "return from an exception, to this stack", 0xFFFFFFFD
  jump "return from an exception, to a handler", 0xFFFFFFF1
  jump "return from an exception, with floating point", 0xFFFFFFED
  jump "return from an exception, reserved", 0xFFFFFFE1
  jump "return from an exception, of the secure state", 0xFEFFFFFF

  snippet "exception return from the stack", FETCH_FAULT
  mvn r0, #6
  push {r0}
  pop {pc}

  snippet "running on the arena", FETCH_FAULT
  load r0, 0x4770
  str r0, [r11]
  orr r0, r11, #1
  blx r0
  finish

  snippet "running on the stack", FETCH_FAULT
  load r0, 0x4770
  push {r0, r1}
  mov r0, sp
  orr r0, #1
  blx r0

  snippet "running in its read-only memory's neighbourhood", FETCH_FAULT
  add r0, r11, #ARENA_SIZE
  orr r0, #1
  bx r0

  snippet "table branch far away", SOMEHOW
  mvn r0, #0
  tbh [r11, r0, lsl #1]

  // --- Stack pointers.


  .macro bad_stack name, address
  snippet "stack at \name, then a loop", STACK_FAULT
  load r0, \address
  mov sp, r0
  b .
  snippet "stack at \name, then a system call", STACK_FAULT
  load r0, \address
  mov sp, r0
  svc #1
  snippet "stack at \name, then a helper", STACK_FAULT
  load r0, \address
  mov sp, r0
  svc #4
  snippet "stack at \name, then a fault", STACK_FAULT
  load r0, \address
  mov sp, r0
  udf #0
  snippet "stack at \name, then a breakpoint", HARD_FAULT
  load r0, \address
  mov sp, r0
  bkpt 0
  snippet "stack at \name, then a system register", STACK_FAULT
  load r0, \address
  mov sp, r0
  load r1, 0xE000ED00
  ldr r1, [r1]
  .endm

  bad_stack "address 0", 0
  bad_stack "address 4", 4
  bad_stack "the routines", 0x600
  bad_stack "the system", 0x2000
  bad_stack "the system's memory", 0x20000400
  bad_stack "the system's stack", 0x203FFF00
  bad_stack "peripherals", 0x40004100
  bad_stack "the system control space", 0xE000E100
  bad_stack "the end of all addresses", 0xFFFFFFFC

  .macro near_stack name, offset, expected, and_then:vararg
  snippet "\name", \expected
  load r0, (\offset)
  add r0, r11
  mov sp, r0
  \and_then
  .endm

  near_stack "stack at the start of its memory", -STACK_SIZE, STACK_FAULT, b .
  near_stack "stack 24 bytes above the start of its memory", 24 - STACK_SIZE, STACK_FAULT, svc #1
  near_stack "stack 32 bytes above the start of its memory", 32 - STACK_SIZE, RETURNS, svc #1
  near_stack "stack at the end of its memory, then a helper", ARENA_SIZE, STACK_FAULT, svc #4
  near_stack "stack so that the last argument is outside", ARENA_SIZE - 48, STACK_FAULT, svc #4
  near_stack "stack above the end of its memory, then a loop", ARENA_SIZE + 32, STACK_FAULT, b .
  near_stack "stack half above the end of its memory", ARENA_SIZE + 16, STACK_FAULT, svc #1
  near_stack "stack that is not divisible by 8, then a helper", 1020, SOMEHOW, svc #4

  snippet "pushing without end", STACK_FAULT
1:
  push {r0-r7, lr}
  b 1b

  snippet "calling without end", STACK_FAULT
1:
  push {r4, lr}
  bl 1b

  snippet "pushing too much at once", WRITE_OUTSIDE
  sub r0, r11, #STACK_SIZE - 40
  mov sp, r0
  push {r0-r11}

  snippet "popping without end", READ_OUTSIDE
1:
  pop {r0-r7}
  b 1b

  snippet "storing many registers over the end", WRITE_OUTSIDE
  add r1, r11, #ARENA_SIZE
  sub r1, #8
  stm r1, {r2-r9}

  snippet "storing two words over the end", WRITE_OUTSIDE
  add r1, r11, #ARENA_SIZE
  sub r1, #4
  strd r2, r3, [r1]

  // --- Its own exception frame, which a helper writes: memcpy (2) of 32 bytes to the 32 below the stack pointer, where the core
  // --- pushes the frame. What the frame becomes is made at r11 + 2048.

  .macro forge_frame name, expected, pc, status
  snippet "\name", \expected
  add r4, r11, #2048
  load r0, \pc
  load r1, \status
  strd r0, r1, [r4, #24]
  add r0, r11, #1024
  mov sp, r0
  movs r1, #0
  movs r2, #2
  strd r2, r1, [sp, #8]
  sub r2, sp, #32
  strd r2, r1, [sp, #16]
  strd r4, r1, [sp, #24]
  movs r2, #32
  strd r2, r1, [sp, #32]
  svc #4
  b .
  .endm

  forge_frame "frame that returns into the system", FETCH_FAULT, 0x00001000, 0x01000000
  forge_frame "frame that returns to an odd address", SOMEHOW, 0x00000601, 0x01000000
  forge_frame "frame that returns to an exception return", FETCH_FAULT, 0xFFFFFFF8, 0x01000000
  forge_frame "frame that returns into Arm state", SOMEHOW, 0x00000600, 0x00000000
  forge_frame "frame that returns into a hard fault", FETCH_FAULT, 0x00001000, 0x01000003
  forge_frame "frame that returns into a system call", FETCH_FAULT, 0x00001000, 0x0100000B
  forge_frame "frame that returns into an interrupt", FETCH_FAULT, 0x00001000, 0x0100001D
  forge_frame "frame that continues a load of many registers", SOMEHOW, 0x00000600, 0x0100F400
  forge_frame "frame that continues a condition block", SOMEHOW, 0x00000600, 0x0700FC00
  forge_frame "frame with all bits of status", SOMEHOW, 0x00000600, 0xFFFFFFFF

  // --- Exclusive and unaligned accesses.

  snippet "exclusive accesses without end", BUDGET_SPENT
1:
  ldrex r0, [r11]
  adds r0, #1
  strex r1, r0, [r11]
  clrex
  b 1b

  snippet "exclusive load from the system", READ_OUTSIDE
  load r1, 0x20000000
  ldrex r0, [r1]

  snippet "exclusive store to the system", SOMEHOW
  ldrex r0, [r11]
  load r1, 0x20000000
  strex r2, r0, [r1]
  finish

  snippet "unaligned word", RETURNS
  ldr r0, [r11, #1]
  str r0, [r11, #7]
  finish

  snippet "unaligned double word", INSTRUCTION_FAULT
  add r1, r11, #2
  ldrd r2, r3, [r1]

  snippet "unaligned registers", INSTRUCTION_FAULT
  add r1, r11, #1
  ldm r1, {r2, r3}

  snippet "unaligned word into the next memory", WRITE_OUTSIDE
  add r1, r11, #ARENA_SIZE
  mvn r0, #0
  str r0, [r1, #-2]
  finish

  // --- Memory that is not its own.

  .macro touch name, address
  snippet "reading \name", READ_OUTSIDE
  load r1, \address
  ldr r0, [r1]
  finish
  snippet "writing \name", WRITE_OUTSIDE
  load r1, \address
  mvn r0, #0
  str r0, [r1]
  finish
  .endm

  touch "the vectors", 0x00000000
  touch "the system", 0x00002000
  touch "the provisioning", 0x003FF000
  touch "the system's memory", 0x20000000
  touch "the system's stack", 0x203FFFF0
  touch "where no memory is", 0x30000000
  touch "the serial port", 0x40004000
  touch "the Ethernet controller", 0x40200064
  touch "the flash", 0x21000000
  touch "the trace port", 0xE0000000
  touch "the watchpoints", 0xE0001000
  touch "the timer", 0xE000E010
  touch "the interrupts", 0xE000E100
  touch "the interrupt control", 0xE000ED04
  touch "the vector table's address", 0xE000ED08
  touch "the reset", 0xE000ED0C
  touch "the fault handlers' switch", 0xE000ED24
  touch "the memory protection's switch", 0xE000ED94
  touch "the memory protection's regions", 0xE000ED9C
  touch "the debugger's switch", 0xE000EDFC
  touch "the software interrupts", 0xE000EF00
  touch "lazy floating point", 0xE000EF34
  touch "the end of all addresses", 0xFFFFFFFC

  snippet "resetting the machine", WRITE_OUTSIDE
  load r1, 0xE000ED0C
  load r0, 0x05FA0004
  str r0, [r1]
  b .

  snippet "writing the routines", WRITE_OUTSIDE
  movs r1, #0
  str r1, [r1, #0x400]

  snippet "writing its own code", WRITE_OUTSIDE
  mov r1, pc
  str r0, [r1]
  finish

  snippet "writing the next memory", WRITE_OUTSIDE
  add r1, r11, #ARENA_SIZE
  str r0, [r1]
  finish

  snippet "writing the memory before", WRITE_OUTSIDE
  sub r1, r11, #STACK_SIZE
  str r0, [r1, #-4]
  finish

  snippet "filling all it may write", WRITE_OUTSIDE
  sub r1, r11, #STACK_SIZE
  mvn r0, #0
1:
  str r0, [r1], #4
  b 1b

  // --- Helpers, called without the routines.

  snippet "printing without end", BUDGET_SPENT
  load r1, 0x00642541
  str r1, [r11, #4]
  add r0, r11, #1024
  mov sp, r0
  add r2, r11, #4
  movs r3, #0
  strd r2, r3, [sp, #8]
1:
  mov r12, #0
  svc #3
  b 1b

  end_snippet
  .section .rodata.snippets, "a", %progbits
  .global snippets_end
snippets_end:
