// expect: 168
//
// How many primes there are below 1000: a sieve of one bit for each number, in loops within loops.
#include <stdint.h>

static uint64_t composite[16];

uint64_t program(void) {
  uint64_t count = 0;
  for (uint32_t number = 2; number < 1000; number++) {
    if (composite[number / 64] >> number % 64 & 1) continue;
    count += 1;
    for (uint32_t multiple = number * number; multiple < 1000; multiple += number) {
      composite[multiple / 64] |= 1ull << multiple % 64;
    }
  }
  return count;
}
