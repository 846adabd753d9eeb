// Switching between the system and the threads of programs. ARM DDI 0403, B1.5.
//
// The system enters a thread by an SVC of its own: what the core pushed for it waits on the main stack while the thread runs, and
// whatever ends that returns to it. So there is one system context, and none of its registers is ever a program's.

  .syntax unified
  .cpu cortex-m4
  .thumb

  // Offsets in cortexm_thread.
  .equ THREAD_REGISTERS, 4
  .equ THREAD_REGIONS, 36

  .section .bss.thread_state, "aw", %nobits
  .balign 8
  // The thread that runs or ran last, whose regions are loaded, and how to return to the system.
thread_state:
  .space 8

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

// void thread_forget_regions(void)
routine thread_forget_regions
  ldr r1, =thread_state
  movs r0, #0
  str r0, [r1]
  bx lr

routine SVC_Handler
  tst lr, #4
  bne 2f
  // From thread_run.
  ldr r0, [sp]
  ldr r1, =thread_state
  ldr r2, [r1]
  str lr, [r1, #4]
  cmp r0, r2
  beq 1f
  str r0, [r1]
  add r2, r0, #THREAD_REGIONS
  // MPU_RBAR and the seven registers behind it, which are the same for further regions.
  ldr r3, =0xE000ED9C
  ldmia r2, {r4-r11}
  stmia r3, {r4-r11}
  dsb
1:
  ldr r2, [r0], #THREAD_REGISTERS
  msr psp, r2
  ldmia r0, {r4-r11}
  movs r2, #1
  msr control, r2
  isb
  // To thread mode, on the process stack, without floating-point registers.
  mvn lr, #2
  bx lr
2:
  // From a program: the number is in the instruction before the return address.
  mrs r0, psp
  ldr r1, =thread_state
  ldr r1, [r1]
  str r0, [r1], #THREAD_REGISTERS
  stmia r1, {r4-r11}
  ldr r1, [r0, #24]
  ldrb r0, [r1, #-2]
  // To the system, which finds r0 as the result of thread_run.
leave:
  ldr r1, =thread_state
  ldr lr, [r1, #4]
  str r0, [sp]
  movs r1, #0
  msr control, r1
  isb
  bx lr

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
  b.w leave

// A program's fault ends its turn, the system's own is reported.
routine Fault_Handler
  tst lr, #4
  bne 1f
  mrs r0, msp
  mrs r1, ipsr
  mov r2, lr
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
