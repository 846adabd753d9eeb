// run: helper-fault
//
// Has a stored number written so that its last byte is above the arena.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  volatile uint8_t here = 1;
  uint64_t block = ((uint64_t)&here + length) & ~8191ull;
  bpf_fetch_local(1, (uint32_t *)(block + 8192 - 3));
  return 0;
}
