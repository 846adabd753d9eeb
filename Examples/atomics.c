// expect: 216
//
// Atomic operations: each reads, changes and writes back in one instruction.
#include <bpf/helpers.h>

static uint64_t total;
static uint64_t flags = 0xf0;
static uint64_t owner = 7;

uint64_t program(void) {
  for (uint64_t i = 1; i <= 10; i++) __sync_fetch_and_add(&total, i);
  uint64_t before = __sync_fetch_and_or(&flags, 0x0f);
  uint64_t exchanged = __sync_lock_test_and_set(&owner, 9);
  // Only the first of these finds what it expects.
  uint64_t won = __sync_val_compare_and_swap(&owner, 9, 100);
  uint64_t lost = __sync_val_compare_and_swap(&owner, 9, 200);
  return total + (flags == 0xff) + (before == 0xf0) + (exchanged == 7) * 50 + won + lost;
}
