// expect: 35
//
// The mean of the last readings, which are in the device's store: one program may keep them, another one ask.
#include <bpf/helpers.h>

enum { pointer_key = 15, length = 6 };

__attribute__((noinline)) static void keep(uint32_t value) {
  uint32_t next = 0;
  bpf_fetch_local(pointer_key, &next);
  bpf_store_local(next % length, value);
  bpf_store_local(pointer_key, next + 1);
}

uint64_t program(void) {
  bpf_store_local(pointer_key, 0);
  for (uint32_t value = 10; value < 100; value += 10) keep(value > 60 ? 0 : value);
  uint32_t sum = 0;
  for (uint32_t key = 0; key < length; key++) {
    uint32_t value = 0;
    bpf_fetch_local(key, &value);
    sum += value;
  }
  return sum / length + 10;
}
