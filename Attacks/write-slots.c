// run: write-outside
//
// Writes where the slots outlive a restart.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0x21000000ull + length) = 0;
  return 0;
}
