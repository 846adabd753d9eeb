// run: returned 0
//
// A conversion that writes, as C has it. Here it is shown as it stands.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  char format[4];
  format[0] = '%';
  format[1] = 'n';
  format[2] = 0;
  __asm__ volatile("" : : "r"(format) : "memory");
  bpf_printf(format, 0x20000000ull + length);
  return 0;
}
