// expect: 7
//
// Counts in binary on three LEDs, and reads back what they show.
#include <bpf/helpers.h>

static bpf_saul_reg_t *led(uint32_t number) { return bpf_saul_reg_find_nth(7 + number); }

uint64_t program(void) {
  uint64_t shown = 0;
  for (uint32_t count = 0; count < 8; count++) {
    shown = 0;
    for (uint32_t bit = 0; bit < 3; bit++) {
      phydat_t data = {.val = {count >> bit & 1, 0, 0}, .unit = UNIT_BOOL, .scale = 0};
      bpf_saul_reg_write(led(bit), &data);
      bpf_saul_reg_read(led(bit), &data);
      shown |= (uint64_t)data.val[0] << bit;
    }
  }
  return shown;
}
