// expect: 500
//
// The humidity in tenths of a percent, if the sensor says so.
#include <bpf/helpers.h>

uint64_t program(void) {
  phydat_t data;
  if (bpf_saul_reg_read(bpf_saul_reg_find_type(SAUL_SENSE_HUM), &data) != 1) return -1;
  return data.unit == UNIT_PERCENT && data.scale == -1 ? data.val[0] : -2;
}
