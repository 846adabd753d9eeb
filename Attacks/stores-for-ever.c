// run: budget-spent
//
// Stores under a new key each time, in both stores: once they are full, that fails, and the program goes on.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  for (uint32_t key = 0; length == 0; key++) {
    bpf_store_local(key, key);
    bpf_store_global(key, key);
    __asm__ volatile("" : "+r"(length));
  }
  return 0;
}
