// run: read-outside; hardware: returned 0
//
// Reads eight bytes, the first of them below its arena.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  return *(volatile uint64_t *)(block + 1023) & length;
}
