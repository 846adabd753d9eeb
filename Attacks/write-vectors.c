// run: write-outside
//
// Writes the vector of system calls.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0x2cull + length) = 0x601;
  return 0;
}
