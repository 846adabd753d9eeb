// run: read-outside
//
// Reads eight bytes that begin at the end of all addresses and end at address 3.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint64_t *)(~0ull - 3 + length);
}
