// run: read-outside
//
// Reads address 0, where the vector table lies.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) {
  return *(volatile uint32_t *)(0ull + length);
}
