// run: helper-fault
//
// Has the system write to the stack of its thread, which is not part of the arena.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  uint8_t source[512 - 64];
  __asm__ volatile("" : : "r"(source) : "memory");
  uint64_t block = ((uint64_t)source + length) & ~8191ull;
  bpf_memcpy((void *)(block + 600), source, 424 + length);
  return 0;
}
