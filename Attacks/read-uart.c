// run: read-outside
//
// Reads the serial port.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint32_t *)(0x40004000ull + length);
}
