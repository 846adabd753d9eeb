// request: budget-spent
//
// Is asked for a response, and never gives one.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  while (length != 0) __asm__ volatile("" : "+r"(length));
  return 0;
}
