// run: budget-spent
//
// Asks for the time for ever.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  while (length == 0) {
    length = bpf_now_ms() >> 31 >> 1;
    __asm__ volatile("" : "+r"(length));
  }
  return 0;
}
