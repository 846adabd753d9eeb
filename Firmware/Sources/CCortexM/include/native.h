// Running compiled programs: what native.S and native.c offer.
#pragma once
#include <stdint.h>

/// One run of a compiled program. native.S knows the offsets.
typedef struct native_run {
  /// What r1, r2 and r10 start with; StartBlock in Sources/JIT.
  uint32_t context, context_length, stack_top;
  uint32_t arena, arena_size;
  uint32_t rodata, rodata_size;
  /// Where the stack was, to end the run from anywhere.
  uint32_t stack;
  /// 0, or the number of the rule of Interpreter's Trap; behind which instruction, and at which address.
  uint32_t rule, site, address;
  /// Calls the helper at a position, or the one whose number stands before its arguments; sets `rule` to end the run.
  uint64_t (*_Nonnull call)(struct native_run *_Nonnull run, uint32_t position, const uint64_t *_Nonnull arguments);
  uint64_t (*_Nonnull call_numbered)(struct native_run *_Nonnull run, uint32_t position, const uint64_t *_Nonnull arguments);
} native_run;

/// Runs compiled code, its address with bit 0 set, and returns r0; `rule` says whether it got that far.
uint64_t native_enter(native_run *_Nonnull run, uint32_t code);

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
