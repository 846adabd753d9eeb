// run: write-outside
//
// Writes from its frame downwards without end: its arena, the stack of its thread, what lies below.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  for (uint64_t address = (uint64_t)&here + length;; address -= 1) *(volatile uint8_t *)address = 0xff;
}
