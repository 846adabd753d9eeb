// run: write-outside
//
// Writes into the arena of the program in the slot before.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  *(volatile uint32_t *)(block - 8192 + 2048) = 0xdeadbeef;
  return 0;
}
