// expect: -6
//
// Numbers with signs: division rounds towards zero, the remainder has the sign of the dividend.
#include <bpf/helpers.h>

uint64_t program(void) {
  bpf_store_local(1, -17);
  int32_t value = 0;
  bpf_fetch_local(1, (uint32_t *)&value);
  int32_t magnitude = value < 0 ? -value : value;
  int32_t quotient = -(magnitude / 5);
  int32_t remainder = -(magnitude % 5);
  return (int64_t)(value >> 2) + (quotient == -3) + (remainder == -2) - 3;
}
