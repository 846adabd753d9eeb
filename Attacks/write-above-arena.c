// run: write-outside
//
// Writes the byte above its arena.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  *(volatile uint8_t *)(block + 8192) = 0xff;
  return 0;
}
