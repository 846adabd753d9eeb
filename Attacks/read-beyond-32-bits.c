// run: read-outside
//
// Reads an address whose lower half is its own.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint32_t *)(0x100000000ull + length);
}
