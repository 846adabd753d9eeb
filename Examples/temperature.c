// expect: 220
//
// The temperature in tenths of a degree.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint32_t value = 0;
  return bpf_saul_read_temp(bpf_saul_reg_find_type(SAUL_SENSE_TEMP), &value) == 1 ? value : -1;
}
