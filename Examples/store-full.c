// expect: 16
//
// A store has so many entries and says when it is full; nobody else's entries are touched.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint32_t kept = 0;
  while (bpf_store_local(100 + kept, kept) == 0) kept++;
  return kept;
}
