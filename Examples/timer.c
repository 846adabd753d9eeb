// expect: every 20 ms "run 3"
//
// A timer runs it again and again. Each run starts anew; what it has to remember is in its store.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint32_t runs = 0;
  bpf_fetch_local(1, &runs);
  runs += 1;
  bpf_store_local(1, runs);
  bpf_printf("run %u\n", runs);
  return runs;
}
