// expect: running "tick 3"
//
// Wakes every 20 milliseconds, until somebody ends it. Between, others have the processor.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint32_t last = bpf_ztimer_now();
  for (uint32_t tick = 1;; tick++) {
    bpf_ztimer_periodic_wakeup(&last, 20000);
    bpf_printf("tick %u\n", tick);
  }
}
