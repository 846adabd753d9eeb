// expect: 1234
//
// Variables of every kind: with values (.data), without (.bss), pointers to both and to constants, and functions that
// are called, not inlined. Each run starts with fresh ones.
#include <stdint.h>

static const char *const units[] = {"zero", "one", "two", "three"};  // pointers to .rodata
static uint32_t scale = 100;
static uint32_t counts[8];
static uint32_t table[4] = {1, 10, 100, 1000};
uint32_t *last = &table[3];    // a pointer to .data
uint32_t *middle = &counts[4];  // a pointer to .bss

__attribute__((noinline)) static uint64_t length(const char *text) {
  uint64_t count = 0;
  while (text[count] != 0) count++;
  return count;
}

__attribute__((noinline)) void count(uint32_t index) {
  counts[index % 8] += 1;
  scale += *middle;
}

uint64_t program(void) {
  for (uint32_t i = 0; i < 8; i++) count(i);
  uint64_t letters = 0;
  for (uint32_t i = 0; i < 4; i++) letters += length(units[i]);
  return *last + 100 * *middle + scale + letters + table[1] + counts[7] + 4;
}
