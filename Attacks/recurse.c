// run: call-too-deep
//
// Calls itself without end.
#include <stdint.h>

__attribute__((noinline)) static uint64_t recurse(uint64_t depth) {
  if (depth == ~0ull) return 0;
  volatile uint64_t deeper = recurse(depth + 1);
  return deeper + 1;
}

uint64_t program(const void *context, uint64_t length) { return recurse(length); }
