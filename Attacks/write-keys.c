// run: write-outside
//
// Writes the provisioning block with the board's keys.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0x003ff000ull + length) = 0;
  return 0;
}
