// run: helper-fault
//
// Gives an address of the system's memory as the format.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  bpf_printf((const char *)(0x20000000ull + length));
  return 0;
}
