// expect: 1
//
// What a program keeps for itself outlives a run of it, not the program: a new one starts with an empty store.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint32_t runs = 0;
  bpf_fetch_local(1, &runs);
  bpf_store_local(1, runs + 1);
  bpf_fetch_local(1, &runs);
  return runs;
}
