// expect: 1
//
// The device's clocks go on, and both go at the same speed.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint32_t milliseconds = bpf_now_ms();
  uint32_t microseconds = bpf_ztimer_now();
  uint32_t last = microseconds;
  bpf_ztimer_periodic_wakeup(&last, 20000);
  uint32_t slept = bpf_now_ms() - milliseconds;
  uint32_t sleptExactly = bpf_ztimer_now() - microseconds;
  return slept >= 19 && slept < 1000 && sleptExactly >= 20000 && last == microseconds + 20000;
}
