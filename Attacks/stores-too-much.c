// run: returned 3
//
// Counts whether both stores refuse at last, and whether what was stored first is still there.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  uint64_t seen = 0;
  for (uint32_t key = 0; key < 100; key++) {
    if (bpf_store_local(key, key + 5) < 0) seen |= 1;
    bpf_store_global(1000 + key, key);
  }
  uint32_t first = 0;
  bpf_fetch_local(0, &first);
  return seen | (first == 5) << 1;
}
