// expect: on temperature>250 "25.1 degrees: on"
//
// Runs when it becomes hotter than 25 degrees, and lights an LED. Nothing of it runs until then.
#include <bpf/helpers.h>

uint64_t program(const phydat_t *reading) {
  bpf_saul_reg_t *led = bpf_saul_reg_find_type(SAUL_ACT_SWITCH);
  phydat_t on = {.val = {1}};
  int count = bpf_saul_reg_write(led, &on);
  bpf_printf("%d.%d degrees: %s\n", reading->val[0] / 10, reading->val[0] % 10, count == 1 ? "on" : "no LED");
  return 0;
}
