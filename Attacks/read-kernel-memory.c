// run: read-outside
//
// Reads the first word of the system's memory.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint32_t *)(0x20000000ull + length);
}
