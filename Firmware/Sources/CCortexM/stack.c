// How much of the stack has ever been in use: what is free is filled, and what has changed since was written.
#include "cortexm.h"

extern uint32_t _stack_limit, _estack;

static const uint32_t filling = 0x5aa5c33c;

__attribute__((noinline)) void cortexm_fill_stack(void) {
  const uint32_t *frame = __builtin_frame_address(0);
  // Volatile, so that it stays a loop: a call of memset would have its frame in what it fills.
  for (volatile uint32_t *word = &_stack_limit; word < frame - 32; word++) *word = filling;
}

uint32_t cortexm_stack_used(void) {
  const volatile uint32_t *word = &_stack_limit;
  while (word < &_estack && *word == filling) word++;
  return (uint32_t)&_estack - (uint32_t)word;
}

uint32_t cortexm_stack_size(void) { return (uint32_t)&_estack - (uint32_t)&_stack_limit; }
