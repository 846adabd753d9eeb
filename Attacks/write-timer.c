// run: write-outside
//
// Writes the switch of the timer that divides the time.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0xe000e010ull + length) = 0;
  return 0;
}
