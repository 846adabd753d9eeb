// run: write-outside
//
// Writes the switch of the Ethernet controller's interrupts.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  *(volatile uint32_t *)(0x4020005cull + length) = 0;
  return 0;
}
