// expect: 2468
//
// What is kept under a key for all programs: others find it there.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint32_t value = 0;
  if (bpf_store_global(9, 1234) != 0) return -1;
  bpf_fetch_global(9, &value);
  return value * 2;
}
