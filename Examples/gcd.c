// expect: 21
//
// Euclid's algorithm: a loop whose end nobody can know beforehand.
#include <bpf/helpers.h>

uint64_t program(void) {
  bpf_store_local(1, 1071);
  bpf_store_local(2, 462);
  uint32_t a = 0, b = 0;
  bpf_fetch_local(1, &a);
  bpf_fetch_local(2, &b);
  while (b != 0) {
    uint32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
