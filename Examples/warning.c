// expect: running "cold 3"
//
// Watches the temperature and warns while it is below a limit.
#include <bpf/helpers.h>

enum { limit = 230 };

uint64_t program(void) {
  bpf_saul_reg_t *sensor = bpf_saul_reg_find_type(SAUL_SENSE_TEMP);
  uint32_t last = bpf_ztimer_now();
  uint32_t warnings = 0;
  for (;;) {
    phydat_t data;
    if (bpf_saul_reg_read(sensor, &data) == 1 && data.val[0] < limit) bpf_printf("cold %u\n", ++warnings);
    bpf_ztimer_periodic_wakeup(&last, 20000);
  }
}
