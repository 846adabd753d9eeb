// expect: -19
//
// A sensor that the device has not: helpers take NULL for one and say that there is none.
#include <bpf/helpers.h>

uint64_t program(void) {
  phydat_t data;
  return bpf_saul_reg_read(bpf_saul_reg_find_type(SAUL_SENSE_PH), &data);
}
