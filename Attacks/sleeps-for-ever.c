// start: killed
//
// Asks to be woken after more than an hour.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  uint32_t last = bpf_ztimer_now();
  bpf_ztimer_periodic_wakeup(&last, 0xffffffff);
  return 0;
}
