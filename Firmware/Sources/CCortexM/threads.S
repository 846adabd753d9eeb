// Switching between the system and the threads of programs. ARM DDI 0403, B1.5.
//
// The system enters a thread by an SVC of its own: what the core pushed for it waits on the main stack while the thread runs, and
// whatever ends that returns to it. So there is one system context, and none of its registers is ever a program's.

  .syntax unified
  .cpu cortex-m3
  .thumb

  // Offsets in cortexm_thread.
  .equ THREAD_REGISTERS, 4
  .equ THREAD_REGIONS, 36
  .equ THREAD_START, 68
  .equ THREAD_MILLISECONDS, 160

  .section .bss.thread_state, "aw", %nobits
  .balign 8
  // The thread that runs or ran last, whose regions are loaded, and how to return to the system.
thread_state:
  .space 8
  // Whose time is being spent.
  .global thread_charged
thread_charged:
  .space 4

  .macro routine name
  .section .text.\name, "ax", %progbits
  .balign 4
  .global \name
  .type \name, %function
  .thumb_func
\name:
  .endm

// thread_event thread_run(cortexm_thread *thread)
routine thread_run
  push {r4-r11, lr}
  svc #0
  pop {r4-r11, pc}

// void thread_restart(cortexm_thread *thread)
routine thread_restart
  push {r4-r11}
  ldr r1, [r0, #THREAD_START]
  str r1, [r0], #THREAD_REGISTERS
  add r2, r0, #(THREAD_START + 4 - THREAD_REGISTERS)
  ldmia r2!, {r4-r11}
  stmia r1!, {r4-r11}
  ldmia r2, {r4-r11}
  stmia r1!, {r4-r11}
  ldr r3, =zeros
  ldmia r3, {r4-r10}
  // Of compiled code: behind what was copied lies the arena.
  mov r11, r1
  str r4, [r0, #(THREAD_MILLISECONDS - THREAD_REGISTERS)]
  stmia r0, {r4-r11}
  pop {r4-r11}
  bx lr

  .balign 4
zeros:
  .space 28

// void thread_forget_regions(void)
routine thread_forget_regions
  ldr r1, =thread_state
  movs r0, #0
  str r0, [r1]
  bx lr

// Writes of CONTROL take effect when the exception returns, which synchronizes as ISB does (A3.7.3).

routine SVC_Handler
  tst lr, #4
  bne 2f
  // From thread_run.
  ldr r3, =thread_state
  ldr r0, [sp]
  ldr r2, [r3]
  strd lr, r0, [r3, #4]
  cmp r0, r2
  bne 3f
1:
  ldr r2, [r0], #THREAD_REGISTERS
  msr psp, r2
  ldmia r0, {r4-r11}
  movs r2, #1
  msr control, r2
  // To thread mode, on the process stack, without floating-point registers.
  mvn lr, #2
  bx lr
2:
  // From a program: the number is in the instruction before the return address.
  mrs r0, psp
  ldr r3, =thread_state
  ldrd r1, lr, [r3]
  str r0, [r1], #THREAD_REGISTERS
  stmia r1, {r4-r11}
  ldr r1, [r0, #24]
  ldrb r0, [r1, #-2]
  // To the system, which finds r0 as the result of thread_run.
  str r0, [sp]
  movs r1, #0
  msr control, r1
  bx lr
3:
  // The regions loaded are those of another thread.
  str r0, [r3]
  add r2, r0, #THREAD_REGIONS
  // MPU_RBAR and the seven registers behind it, which are the same for further regions.
  ldr r3, =0xE000ED9C
  ldmia r2, {r4-r11}
  stmia r3, {r4-r11}
  dsb
  b 1b

// The interrupt of lowest priority: all others ask for it that want the system to look after something.
routine PendSV_Handler
  tst lr, #4
  it eq
  bxeq lr
  mrs r0, psp
  ldr r1, =thread_state
  ldr r1, [r1]
  str r0, [r1], #THREAD_REGISTERS
  stmia r1, {r4-r11}
  movs r0, #0
  // To the system, as above.
leave:
  ldr r1, =thread_state
  ldr lr, [r1, #4]
  str r0, [sp]
  movs r1, #0
  msr control, r1
  bx lr

// A program's fault ends its turn, the system's own is reported.
routine Fault_Handler
  tst lr, #4
  bne 1f
  mrs r0, msp
  mrs r1, ipsr
  mov r2, lr
  // It is the last that runs: a stack that is exhausted shall not keep it from telling.
  ldr r3, =_estack
  mov sp, r3
  b.w cortexm_report_fault
1:
  mrs r0, psp
  ldr r1, =thread_state
  ldr r1, [r1]
  mov r2, r1
  str r0, [r2], #THREAD_REGISTERS
  stmia r2, {r4-r11}
  mrs r2, ipsr
  bl thread_note_fault
  mov r0, #256
  b.w leave
