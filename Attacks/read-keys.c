// run: read-outside
//
// Reads the provisioning block with the board's keys.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint32_t *)(0x003ff000ull + length);
}
