#include "native.h"

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
