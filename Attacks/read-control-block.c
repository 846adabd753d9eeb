// run: read-outside
//
// Reads the processor's number in the system control block.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint32_t *)(0xe000ed00ull + length);
}
