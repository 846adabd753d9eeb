// run: write-outside
//
// Writes the address of the vector table.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0xe000ed08ull + length) = 0x20000000;
  return 0;
}
