// run: harmless
//
// Reads sensors with handles that nobody gave out.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  phydat_t data;
  for (uint64_t handle = 0; handle < 2000; handle++) {
    bpf_saul_reg_read((bpf_saul_reg_t *)(0x20000000ull + length + handle * 4), &data);
    bpf_saul_reg_read((bpf_saul_reg_t *)(handle + length), &data);
  }
  return 0;
}
