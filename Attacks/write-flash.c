// run: write-outside
//
// Writes the system's code.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0x4000ull + length) = 0xbf00bf00;
  return 0;
}
