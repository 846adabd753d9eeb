// run: read-outside; hardware: returned 0
//
// Reads the byte below its arena. To the hardware, that is the program's own: the stack of its thread.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  return *(volatile uint8_t *)(block + 1023) & length;
}
