// run: write-outside; hardware: write-outside or stack-fault
//
// Writes from its frame downwards without end: its arena, the stack of its thread, what lies below.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  for (uint64_t address = (uint64_t)&here + length; length == 0; address -= 1) {
    *(volatile uint8_t *)address = 0xff;
    __asm__ volatile("" : "+r"(length));
  }
  return 0;
}
