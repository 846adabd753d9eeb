// run: returned 1717986918
//
// Reads and writes in its arena at every alignment, which is allowed.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t bytes[24];
  for (uint32_t index = 0; index < 24; index++) bytes[index] = 0x66;
  for (uint32_t index = 0; index < 8; index++) {
    volatile uint64_t *address = (volatile uint64_t *)((uint64_t)bytes + length + index);
    *address = *address;
  }
  return *(volatile uint32_t *)(bytes + 3);
}
