// run: helper-fault
//
// Has the system copy its own memory to the program.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  uint8_t target[64];
  bpf_memcpy(target, (const void *)(0x20000000ull + length), sizeof target);
  return target[length & 63];
}
