// run: helper-fault
//
// Has a stored number written into the system's memory.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  bpf_store_local(1, 0xffffffff);
  bpf_fetch_local(1, (uint32_t *)(0x20000000ull + length));
  return 0;
}
