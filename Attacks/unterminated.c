// run: helper-fault
//
// A text without an end: from its frame to the end of its arena there is no zero byte.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 'a';
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  for (uint64_t address = (uint64_t)&here + length; address < block + 8192; address++) {
    *(volatile uint8_t *)address = 'a';
  }
  return bpf_strlen((const char *)((uint64_t)&here + length));
}
