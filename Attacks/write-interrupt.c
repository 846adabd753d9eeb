// run: write-outside
//
// Writes the register that raises interrupts.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0xe000ef00ull + length) = 13;
  return 0;
}
