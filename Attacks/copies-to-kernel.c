// run: helper-fault
//
// Has the system overwrite its own memory.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t source[64];
  for (int index = 0; index < 64; index++) source[index] = 0xff;
  bpf_memcpy((void *)(0x20000000ull + length), (const void *)source, sizeof source);
  return 0;
}
