// expect: 8501
//
// Arithmetic on 64 bits, whose operands the compiler cannot know because they were in a store.
#include <bpf/helpers.h>

uint64_t program(void) {
  bpf_store_local(1, 1000003);
  uint32_t fetched = 0;
  bpf_fetch_local(1, &fetched);
  uint64_t value = fetched;
  uint64_t square = value * value;                  // 1000006000009, more than 32 bits
  uint64_t quotient = square / 1000000007;          // 1000
  uint64_t remainder = square % 10007;              // 5473
  uint64_t bits = (square >> 32) ^ (square << 60 >> 60);
  int64_t negative = -(int64_t)value;
  uint64_t sign = (uint64_t)(negative >> 63) & 3;   // an arithmetic shift fills with ones
  return quotient + remainder + bits + sign + (square > UINT32_MAX ? 1800 : 0);
}
