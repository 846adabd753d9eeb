// expect: 17
// prints: -12.5 and 12345 and 0.05
//
// Numbers as text, with decimal points: the helpers write no zero byte and tell the length.
#include <bpf/helpers.h>

uint64_t program(void) {
  char temperature[8] = {0};
  char count[12] = {0};
  char small[8] = {0};
  size_t length = bpf_fmt_s16_dfp(temperature, -125, -1);
  length += bpf_fmt_u32_dec(count, 12345);
  length += bpf_fmt_s16_dfp(small, 5, -2);
  // Without a place to write to they only tell the length.
  length += bpf_fmt_u32_dec(NULL, 999);
  bpf_printf("%s and %s and %s\n", temperature, count, small);
  return length;
}
