// run: write-outside
//
// Writes the system's stack.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0x203ffff0ull + length) = 0x601;
  return 0;
}
