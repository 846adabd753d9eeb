// run: helper-fault
//
// Copies one byte more than there is to the end of its arena.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  uint8_t source[64];
  __asm__ volatile("" : : "r"(source) : "memory");
  uint64_t block = ((uint64_t)source + length) & ~8191ull;
  bpf_memcpy((void *)(block + 8192 - 63), source, 64 + length);
  return 0;
}
