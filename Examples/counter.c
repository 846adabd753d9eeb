// expect: 45
//
// Adds up in the device's key-value stores: values outlive the program, its own under its keys, shared ones for all.
#include <bpf/helpers.h>

enum { total_key = 1, shared_key = 2 };

__attribute__((noinline)) static void add(uint32_t value) {
  uint32_t total = 0;
  bpf_fetch_local(total_key, &total);
  bpf_store_local(total_key, total + value);
}

uint64_t program(void) {
  bpf_store_local(total_key, 0);
  for (uint32_t value = 1; value < 10; value++) add(value);
  uint32_t total = 0;
  bpf_fetch_local(total_key, &total);
  bpf_store_global(shared_key, total);
  uint32_t shared = 0;
  bpf_fetch_global(shared_key, &shared);
  return shared;
}
