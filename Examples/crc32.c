// expect: 3421780262
//
// The CRC of 32 bits that Ethernet and zip use, bit by bit, over the text by which implementations are compared.
#include <bpf/helpers.h>

static const char text[] = "123456789";

uint64_t program(void) {
  uint32_t length = bpf_strlen(text);
  uint32_t crc = 0xffffffff;
  for (uint32_t i = 0; i < length; i++) {
    crc ^= (uint8_t)text[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return crc ^ 0xffffffff;
}
