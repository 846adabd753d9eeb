// Threads for programs: unprivileged, behind the memory protection unit, on the process stack. The system itself runs on the main
// stack and lets one thread at a time go on, until the thread asks for something, is interrupted, or faults. threads.S knows the offsets.
#pragma once
#include <stdint.h>

/// A thread, while it does not run.
typedef struct {
  /// Its stack pointer: the frame that the core pushed lies there, in memory that the program may write.
  uint32_t psp;
  /// r4 to r11.
  uint32_t registers[8];
  /// What it may reach: values for MPU_RBAR and MPU_RASR, four times (ARM DDI 0403, B3.5).
  uint32_t regions[8];
  /// What a program begins with: its stack pointer, and the words that stand there then: the frame that the core takes its registers
  /// from, and of compiled code the return address and its `program_record`. The arena comes next. Of an interpreted program, the
  /// words behind the frame only say what the interpreter is given.
  uint32_t start_psp;
  uint32_t start_stack[16];
  /// Of its last fault: the number of the exception, the status registers, the address if the status says that one is known, and
  /// program counter and link register; all ones where nothing is known.
  uint32_t exception, status, hard_status, address, pc, lr;
  /// Milliseconds that the system has worked for it.
  volatile uint32_t milliseconds;
} cortexm_thread;

/// Why the system has the processor back: 0 for an interrupt, the number in the thread's SVC instruction, or `thread_faulted`.
typedef uint32_t thread_event;
#define thread_faulted 256u

/// Lets a thread go on, and charges it until somebody else is charged. Returns when there is something to do.
thread_event thread_run(cortexm_thread *_Nonnull thread);

/// Lets a thread begin anew with what `start_psp` and `start_stack` say. Nothing of what it had in registers is left.
void thread_restart(cortexm_thread *_Nonnull thread);

/// To be called after the regions of a thread have changed.
void thread_forget_regions(void);

/// Whose time is being spent; null for nobody.
extern cortexm_thread *_Nullable volatile thread_charged;
static inline __attribute__((always_inline)) void thread_charge(cortexm_thread *_Nullable thread) { thread_charged = thread; }

/// Turns the memory protection unit on: no code in RAM runs with privileges, no privileged store reaches flash, and programs
/// reach what their regions say. Programs have no floating-point unit.
void thread_start_protection(void);

/// Asks that a running program be interrupted as soon as no interrupt is at work.
static inline void thread_interrupt(void) { *(volatile uint32_t *)0xE000ED04 = 1u << 28; /* ICSR.PENDSVSET */ }
