// expect: 4031760169
//
// Fletcher's checksum of 32 bits, over the text by which implementations are compared.
#include <bpf/helpers.h>

static const char text[] = "abcde";

uint64_t program(void) {
  uint32_t length = bpf_strlen(text);
  uint32_t low = 0;
  uint32_t high = 0;
  for (uint32_t i = 0; i < length; i += 2) {
    uint32_t word = (uint8_t)text[i] | (i + 1 < length ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0);
    low = (low + word) % 65535;
    high = (high + low) % 65535;
  }
  return high << 16 | low;
}
