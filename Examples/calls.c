// expect: 31
//
// Functions that call functions, seven deep: each has a frame of its own on the stack.
#include <stdint.h>

#define LEVEL(name, next, bit)                                   \
  __attribute__((noinline)) static uint64_t name(uint64_t sum) { \
    volatile uint64_t own = bit;                                 \
    uint64_t below = next;                                       \
    return own + below;                                          \
  }

LEVEL(sixth, sum, 0)
LEVEL(fifth, sixth(sum), 1)
LEVEL(fourth, fifth(sum), 2)
LEVEL(third, fourth(sum), 4)
LEVEL(second, third(sum), 8)
LEVEL(first, second(sum), 16)

uint64_t program(void) { return first(0); }
