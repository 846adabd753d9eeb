// start: killed
//
// Asks to be woken in no time, again and again.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  uint32_t last = bpf_ztimer_now();
  while (length == 0) {
    bpf_ztimer_periodic_wakeup(&last, 0);
    __asm__ volatile("" : "+r"(length));
  }
  return 0;
}
