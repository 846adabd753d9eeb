#include "cortexm.h"

// Called by program_divide: RFC 9669 §4.1 in 64 bits where the processor has no instruction. Without signs inside, as each
// division function of the compiler's library takes room among the code that programs may execute.
__attribute__((section(".program_text"))) uint64_t program_calculate(uint32_t kind, const uint64_t *operands) {
  uint64_t a = operands[0], b = operands[1];
  switch (kind) {
  case 4: return a << (b & 63);
  case 5: return a >> (b & 63);
  case 6: return (uint64_t)((int64_t)a >> (b & 63));
  default: break;
  }
  // Most have no sign, and so nothing to put right.
  if (kind < 2 && b != 0) {
    uint64_t quotient = a / b;
    return kind == 0 ? quotient : a - quotient * b;
  }
  uint32_t is_signed = kind & 2, is_remainder = kind & 1;
  if (b == 0) return is_remainder ? a : 0;
  uint32_t is_negative = is_signed && (int64_t)a < 0, is_opposite = is_signed && (int64_t)b < 0;
  uint64_t x = is_negative ? 0 - a : a, y = is_opposite ? 0 - b : b;
  uint64_t quotient = x / y;
  if (is_remainder) {
    uint64_t remainder = x - quotient * y;
    return is_negative ? 0 - remainder : remainder;
  }
  return is_negative != is_opposite ? 0 - quotient : quotient;
}
