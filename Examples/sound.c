// expect: 60
//
// How loud it is, in decibels.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint32_t value = 0;
  return bpf_saul_read_temp(bpf_saul_reg_find_type(SAUL_SENSE_SOUND), &value) == 1 ? value : -1;
}
