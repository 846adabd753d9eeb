// Running compiled programs: what native.S and native.c offer.
#pragma once
#include <stdint.h>

/// One run of a compiled program. native.S knows the offsets.
typedef struct native_run {
  /// What r1, r2 and r10 start with; StartBlock in Sources/JIT.
  uint32_t context, context_length, stack_top;
  uint32_t arena, arena_size;
  uint32_t rodata, rodata_size;
  /// The code from its entry on: what stands before only leads on to the routines.
  uint32_t code, code_size;
  /// The firmware's stack while the program runs, and the program's while a helper does.
  uint32_t host_stack, stack;
  /// Of a stop: the number of the rule of Interpreter's Trap, behind which instruction it was, and at which address.
  uint32_t rule, site, address;
  /// Of a call: the helper's position, and where the arguments stand.
  uint32_t position;
  const uint64_t *_Nullable arguments;
  /// What the program returned.
  uint64_t result;
} native_run;

/// Why the firmware has the processor back.
typedef enum {
  /// `result` is what the program returned.
  native_pause_returned = 0,
  /// The program was stopped, see `rule`.
  native_pause_stopped = 1,
  /// It calls the helper at `position` with the five `arguments`.
  native_pause_helper = 2,
  /// It calls the helper whose number is the first of six `arguments`.
  native_pause_numbered = 3,
} native_pause;

/// Runs compiled code, its address with bit 0 set, on the stack that is kept for it, until there is something to do. One run
/// at a time.
native_pause native_enter(native_run *_Nonnull run, uint32_t code);

/// Goes on with the result of a helper.
native_pause native_resume(native_run *_Nonnull run, uint64_t result);

/// Milliseconds that the program may still take; below 0 it is stopped. The timer's interrupt counts it down.
extern volatile int32_t native_milliseconds;
static inline void native_set_budget(uint32_t milliseconds) { native_milliseconds = (int32_t)milliseconds; }
static inline uint32_t native_is_budget_spent(void) { return native_milliseconds < 0; }

void native_trap(void);
void native_check_read_1(void);
void native_check_read_2(void);
void native_check_read_4(void);
void native_check_read_8(void);
void native_check_write_1(void);
void native_check_write_2(void);
void native_check_write_4(void);
void native_check_write_8(void);
void native_call_helper(void);
void native_call_numbered(void);
void native_divide(void);
uint64_t native_calculate(uint32_t kind, const uint64_t *_Nonnull operands);

/// The address of a routine, with the Thumb bit.
#define NATIVE_ADDRESS(name) \
  static inline uint32_t name##_address(void) { return (uint32_t)(uintptr_t)name; }
NATIVE_ADDRESS(native_trap)
NATIVE_ADDRESS(native_check_read_1)
NATIVE_ADDRESS(native_check_read_2)
NATIVE_ADDRESS(native_check_read_4)
NATIVE_ADDRESS(native_check_read_8)
NATIVE_ADDRESS(native_check_write_1)
NATIVE_ADDRESS(native_check_write_2)
NATIVE_ADDRESS(native_check_write_4)
NATIVE_ADDRESS(native_check_write_8)
NATIVE_ADDRESS(native_call_helper)
NATIVE_ADDRESS(native_call_numbered)
NATIVE_ADDRESS(native_divide)
