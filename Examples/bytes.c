// expect: 1
//
// Bytes, half words, words and double words of the same memory: the least significant byte comes first.
#include <bpf/helpers.h>

uint64_t program(void) {
  volatile union {
    uint64_t all;
    uint32_t words[2];
    uint16_t halves[4];
    uint8_t bytes[8];
  } value = {.all = 0x1122334455667788};
  value.bytes[0] = 0x99;
  value.halves[3] = 0xaabb;
  return value.words[0] == 0x55667799 && value.words[1] == 0xaabb3344 &&
         __builtin_bswap32(value.words[0]) == 0x99776655 && value.all == 0xaabb334455667799;
}
