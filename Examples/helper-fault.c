// expect: trap helperFault
//
// Asks a helper to write where the program itself may not: the helper refuses, and the program is stopped.
#include <bpf/helpers.h>

uint64_t program(void) {
  bpf_store_local(1, 0x20000000);
  uint32_t address = 0;
  bpf_fetch_local(1, &address);
  bpf_memcpy((void *)(uintptr_t)address, "here", 4);
  return 0;
}
