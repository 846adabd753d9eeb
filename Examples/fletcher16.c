// expect: 44239
//
// Fletcher's checksum of 16 bits over a constant text, which stays in the image (.rodata).
#include <stdint.h>

static const char text[] = "Untrusted programs, sent over the air, run in a compartment they cannot leave.";

uint64_t program(void) {
  uint32_t low = 0;
  uint32_t high = 0;
  for (uint32_t i = 0; i < sizeof text - 1; i++) {
    low = (low + (uint8_t)text[i]) % 255;
    high = (high + low) % 255;
  }
  return high << 8 | low;
}
