// What compiled programs call, see routines.S.
#pragma once
#include <stdint.h>

/// What a program's thread is told, at the end of its stack and right below its arena. The program might change it, where nothing but
/// the memory protection keeps it within its memory: nobody else relies on it.
typedef struct {
  /// What r1, r2 and r10 start with; StartBlock in Sources/JIT.
  uint32_t context, context_length, stack_top;
  uint32_t arena_size, rodata, rodata_size;
} program_record;

/// Bytes of a thread's stack, its record included; its address is divisible by this.
#define PROGRAM_STACK_SIZE 1024

/// The numbers of the programs' SVC instructions.
enum {
  program_event_interrupted = 0,
  program_event_returned = 1,
  program_event_trapped = 2,
  program_event_helper = 3,
  program_event_numbered = 4,
  program_event_interpreted = 5,
};

void program_returned(void);
void program_interpreter();
void program_trap(void);
void program_check_read_1(void);
void program_check_read_2(void);
void program_check_read_4(void);
void program_check_read_8(void);
void program_check_write_1(void);
void program_check_write_2(void);
void program_check_write_4(void);
void program_check_write_8(void);
void program_call_helper(void);
void program_call_numbered(void);
void program_divide(void);

/// What `program_divide` makes of two numbers: 0 and 1 for quotient and remainder, 2 and 3 with signs, 4 to 6 for shifts to the left,
/// to the right, and to the right with a sign.
static inline uint64_t program_calculate(uint32_t kind, uint64_t a, uint64_t b) {
  const uint64_t operands[2] = {a, b};
  register const uint64_t *pointer __asm("r0") = operands;
  register uint32_t low __asm("r12") = kind;
  uint32_t high;
  __asm volatile(
      "ldm r0, {r1, r2, r3, r4}\n push {r1, r2, r3, r4}\n bl program_divide\n add sp, #16\n mov %1, lr"
      : "+r"(low), "=r"(high)
      : "r"(pointer)
      : "r1", "r2", "r3", "r4", "lr", "cc", "memory");
  return (uint64_t)high << 32 | low;
}

/// Of the interpreter's thread: tells the system something, and returns what the system puts into r0.
static inline uint32_t program_report(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  register uint32_t r0 __asm("r0") = a;
  register uint32_t r1 __asm("r1") = b;
  register uint32_t r2 __asm("r2") = c;
  register uint32_t r3 __asm("r3") = d;
  __asm volatile("svc %1" : "+r"(r0) : "i"(program_event_interpreted), "r"(r1), "r"(r2), "r"(r3) : "memory");
  return r0;
}

/// The address of a routine, with the Thumb bit.
#define PROGRAM_ADDRESS(name) \
  static inline uint32_t name##_address(void) { return (uint32_t)(uintptr_t)name; }
PROGRAM_ADDRESS(program_returned)
PROGRAM_ADDRESS(program_interpreter)
PROGRAM_ADDRESS(program_trap)
PROGRAM_ADDRESS(program_check_read_1)
PROGRAM_ADDRESS(program_check_read_2)
PROGRAM_ADDRESS(program_check_read_4)
PROGRAM_ADDRESS(program_check_read_8)
PROGRAM_ADDRESS(program_check_write_1)
PROGRAM_ADDRESS(program_check_write_2)
PROGRAM_ADDRESS(program_check_write_4)
PROGRAM_ADDRESS(program_check_write_8)
PROGRAM_ADDRESS(program_call_helper)
PROGRAM_ADDRESS(program_call_numbered)
PROGRAM_ADDRESS(program_divide)
