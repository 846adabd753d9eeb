// run: write-outside
//
// Writes the word below all that belongs to it.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  *(volatile uint32_t *)(block - 4) = 0xffffffff;
  return 0;
}
