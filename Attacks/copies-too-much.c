// run: helper-fault
//
// Copies so much that the end of the bytes lies before their start.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  uint8_t bytes[64];
  __asm__ volatile("" : : "r"(bytes) : "memory");
  bpf_memcpy(bytes, bytes + 32, ~0ull - 16 + length);
  return bytes[length & 63];
}
