// run: write-outside
//
// Writes the register that resets the machine.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0xe000ed0cull + length) = 0x05fa0004;
  return 0;
}
