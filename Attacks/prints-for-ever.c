// start: killed
//
// Prints without end, more than any log holds.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  while (length == 0) {
    bpf_printf("the quick brown fox jumps over the lazy dog %d %s\n", 7, "again and again");
    __asm__ volatile("" : "+r"(length));
  }
  return 0;
}
