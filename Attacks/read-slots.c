// run: read-outside
//
// Reads where the slots outlive a restart.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint32_t *)(0x21000000ull + length);
}
