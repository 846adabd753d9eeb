// run: write-outside; hardware: harmless
//
// Writes below its arena: to the hardware the stack of its own thread, where what it was started with stands.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  for (uint64_t address = block + 1023; address >= block + 1000; address--) *(volatile uint8_t *)address = 0xff;
  return 0;
}
