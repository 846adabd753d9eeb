// start: killed
//
// Started without limits, it never gives the processor away by itself.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint64_t count = 0;
  while (length == 0) {
    count += 1;
    __asm__ volatile("" : "+r"(length));
  }
  return count;
}
