// run: helper-fault
//
// Has digits written over the vector table.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  return bpf_fmt_u32_dec((char *)(8ull + length), 4000000000u);
}
