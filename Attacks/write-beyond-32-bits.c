// run: harmless
//
// Writes to an address of which only the lower half, on which alone it depends what is reached, is the program's own.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  *(volatile uint32_t *)(block + 2048 + 0x100000000ull) = 1;
  return 0;
}
