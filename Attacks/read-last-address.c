// run: read-outside
//
// Reads the last word of all addresses.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint32_t *)(0xfffffffcull + length);
}
