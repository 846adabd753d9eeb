// run: write-outside
//
// Overwrites all code regions there may be, to change its own code. Blocks of arenas, images and code lie in one piece of memory.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  for (uint64_t address = block; address > 0x20000000; address -= 4096) {
    *(volatile uint32_t *)address = 0xdf01df01;
    address -= 4096;
  }
  return 0;
}
