// run: read-outside
//
// Reads eight bytes, the last of them above its arena.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  return *(volatile uint64_t *)(block + 8192 - 7);
}
