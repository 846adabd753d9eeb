// run: write-outside
//
// Writes from its frame upwards without end.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint64_t here[2] = {1, 2};
  for (uint64_t address = (uint64_t)here + length; length == 0; address += 8) {
    *(volatile uint64_t *)address = ~0ull;
    __asm__ volatile("" : "+r"(length));
  }
  return 0;
}
