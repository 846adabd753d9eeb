// run: returned 62
//
// Copies bytes over themselves, one place further: what comes out is as if all had been read first.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t bytes[64];
  for (int index = 0; index < 64; index++) bytes[index] = index;
  bpf_memcpy((void *)(bytes + 1), (const void *)bytes, 63 + length);
  return bytes[63];
}
