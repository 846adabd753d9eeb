#include "cortexm.h"

// Called by native_divide: RFC 9669 §4.1 in 64 bits where the processor has no instruction.
uint64_t native_calculate(uint32_t kind, const uint64_t *operands) {
  uint64_t a = operands[0], b = operands[1];
  switch (kind) {
  case 0: return b == 0 ? 0 : a / b;
  case 1: return b == 0 ? a : a % b;
  // The least number divided by -1 is itself, without a remainder.
  case 2: return b == 0 ? 0 : b == ~0ull ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b);
  case 3: return b == 0 ? a : b == ~0ull ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
  case 4: return a << (b & 63);
  case 5: return a >> (b & 63);
  default: return (uint64_t)((int64_t)a >> (b & 63));
  }
}

volatile int32_t native_milliseconds;

extern native_run *native_current;
extern uint8_t native_stack[], native_stack_end[];
void native_stop(void);

/// Bits of the program status register that tell how far an IT block or a load or store of several registers has got
/// (ARM DDI 0403, B1.4.2).
static const uint32_t continuation = 0x0600fc00;

void native_tick(exception_frame *frame, uint32_t exc_return) {
  if (native_milliseconds >= 0) native_milliseconds -= 1;
  if (native_milliseconds >= 0) return;
  // Bit 3 of EXC_RETURN: a thread was interrupted, not another handler.
  if (!(exc_return & 8)) return;
  uint8_t *stack = (uint8_t *)frame;
  if (stack < native_stack || stack >= native_stack_end) return;
  native_run *run = native_current;
  if (frame->pc - run->code < run->code_size) {
    // Sites are behind their instruction.
    run->site = frame->pc + 2;
  } else if (frame->lr - run->code < run->code_size) {
    run->site = frame->lr;
  }
  frame->pc = (uint32_t)(uintptr_t)native_stop & ~1u;
  frame->xpsr &= ~continuation;
}
