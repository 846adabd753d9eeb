// expect: 50
//
// How bright it is, in percent.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint32_t value = 0;
  return bpf_saul_read_temp(bpf_saul_reg_find_type(SAUL_SENSE_LIGHT), &value) == 1 ? value : -1;
}
