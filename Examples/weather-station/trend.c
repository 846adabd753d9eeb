// Says whether the sound gets louder. It has a bug on purpose: it follows a pointer that is set only once a reading has been
// lower than the one before. The device stops it, says why, and starts it again; the other programs do not notice.
#include "weather.h"

static int32_t history[8];
static int32_t *lowest;

uint64_t program(void) {
  uint32_t last = bpf_ztimer_now();
  for (uint32_t count = 1;; count++) {
    uint32_t value = 0;
    bpf_fetch_global(sound_key, &value);
    int32_t *place = &history[count % 8];
    *place = (int32_t)value;
    if (count > 1 && *place < history[(count - 1) % 8]) lowest = place;
    if (count % 8 == 0) {
      *lowest = 0;
      lowest = NULL;
    }
    bpf_printf("reading %u: %u dB\n", count, value);
    bpf_ztimer_periodic_wakeup(&last, 100000);
  }
}
