// run: budget-spent
//
// Goes on for ever, without asking anybody for anything.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  uint64_t count = 0;
  while (length == 0) {
    count += 3;
    __asm__ volatile("" : "+r"(count), "+r"(length));
  }
  return count;
}
