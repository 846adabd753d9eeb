// run: write-outside
//
// Writes the serial port.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0x40004000ull + length) = 65;
  return 0;
}
