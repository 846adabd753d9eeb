// expect: 20
//
// A moving average over the last eight values, as sensors need it: a ring in the program's own memory.
#include <bpf/helpers.h>

enum { length = 8 };

static int32_t ring[length];
static uint32_t next;
static int32_t sum;

__attribute__((noinline)) static int32_t average(int32_t value) {
  sum += value - ring[next];
  ring[next] = value;
  next = (next + 1) % length;
  return sum / length;
}

uint64_t program(void) {
  int32_t last = 0;
  for (int32_t value = 1; value <= 24; value++) last = average(value);
  return last;
}
