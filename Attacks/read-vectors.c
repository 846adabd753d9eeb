// run: read-outside
//
// Reads the vector of system calls.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint32_t *)(0x2cull + length);
}
