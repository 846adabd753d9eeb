// expect: on button "press 2, value 1"
//
// Runs whenever the button is pressed, and is given what the button says then.
#include <bpf/helpers.h>

uint64_t program(const phydat_t *reading) {
  uint32_t presses = 0;
  bpf_fetch_local(1, &presses);
  bpf_store_local(1, ++presses);
  bpf_printf("press %u, value %d\n", presses, reading->val[0]);
  return presses;
}
