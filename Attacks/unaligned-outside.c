// run: write-outside
//
// Writes to the system's memory at an odd address.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint64_t *)(0x20000003ull + length) = 0;
  return 0;
}
