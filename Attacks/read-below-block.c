// run: read-outside
//
// Reads the byte below all that belongs to it.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  return *(volatile uint8_t *)(block - 1);
}
