// Reads the sensors every quarter of a second and keeps what they measure where the other programs find it.
#include "weather.h"

__attribute__((noinline)) static void update(uint32_t key, uint8_t type) {
  uint32_t value = 0;
  if (bpf_saul_read_temp(bpf_saul_reg_find_type(type), &value) == 1) bpf_store_global(key, value);
}

uint64_t program(void) {
  uint32_t last = bpf_ztimer_now();
  for (uint32_t updates = 1;; updates++) {
    update(temperature_key, SAUL_SENSE_TEMP);
    update(humidity_key, SAUL_SENSE_HUM);
    update(light_key, SAUL_SENSE_LIGHT);
    update(sound_key, SAUL_SENSE_SOUND);
    bpf_store_global(updates_key, updates);
    if (updates % 4 == 1) bpf_printf("%u updates\n", updates);
    bpf_ztimer_periodic_wakeup(&last, 250000);
  }
}
