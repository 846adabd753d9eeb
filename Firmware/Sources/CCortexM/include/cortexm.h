// What Swift cannot say about an ARMv7-M core: instructions without a C or Swift form, and the entry of exceptions.
#pragma once
#include <stdint.h>
#include "routines.h"
#include "threads.h"

/// What the core pushes when it takes an exception (ARM DDI 0403, B1.5.6).
typedef struct {
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
} exception_frame;

/// Sleeps until an interrupt is pending, even while they are masked.
static inline void cpu_wait_for_interrupt(void) { __asm volatile("wfi" ::: "memory"); }
static inline void cpu_disable_interrupts(void) { __asm volatile("cpsid i" ::: "memory"); }
static inline void cpu_enable_interrupts(void) { __asm volatile("cpsie i" ::: "memory"); }
/// Everything written before is visible, and everything fetched after is fetched anew (ARM DDI 0403, A3.7.3).
static inline void cpu_synchronize(void) { __asm volatile("dsb\n isb" ::: "memory"); }

/// Milliseconds since start. The interrupt handler is the only writer; two reads that agree make a whole value.
extern volatile uint64_t cortexm_milliseconds;
static inline uint64_t cortexm_read_milliseconds(void) {
  uint64_t before, after;
  do {
    before = cortexm_milliseconds;
    after = cortexm_milliseconds;
  } while (before != after);
  return before;
}
static inline void cortexm_count_millisecond(void) { cortexm_milliseconds += 1; }

/// Ends an emulated machine with this exit status (Arm semihosting, SYS_EXIT_EXTENDED). Only for programs that run
/// under an emulator with semihosting on: elsewhere it is a fault.
void semihosting_exit(uint32_t status) __attribute__((noreturn));

/// The command line that the emulator was told to pass (SYS_GET_CMDLINE).
/// @param text receives it, with a zero byte behind it
/// @param capacity the bytes that `text` holds
/// @return its length without the zero byte; 0 if it does not fit
uint32_t semihosting_command_line(uint8_t *_Nonnull text, uint32_t capacity);

/// The bytes that the heap has taken so far; they are never given back.
uint32_t cortexm_heap_used(void);

/// Where the heap ends now, and how far it may go: what lies between is nobody's. There begins the guard below the stack.
uint32_t cortexm_heap_end(void);
uint32_t cortexm_heap_limit(void);

/// The bytes that the linker script reserves for the stack.
uint32_t cortexm_stack_size(void);
/// Fills the free part of the stack, so that `cortexm_stack_used` can tell what has been written since. An interrupt
/// may come in between.
void cortexm_fill_stack(void);
/// The most bytes of stack that were ever in use since `cortexm_fill_stack`.
uint32_t cortexm_stack_used(void);
