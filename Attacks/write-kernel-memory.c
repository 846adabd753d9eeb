// run: write-outside
//
// Writes the first word of the system's memory.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0x20000000ull + length) = 0xffffffff;
  return 0;
}
