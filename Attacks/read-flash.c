// run: read-outside
//
// Reads the system's code.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint32_t *)(0x4000ull + length);
}
