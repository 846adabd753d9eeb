// run: helper-fault
//
// Has the keys of the board printed as a text.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  bpf_printf("%s\n", (const char *)(0x003ff000ull + length));
  return 0;
}
