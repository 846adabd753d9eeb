// run: call-too-deep or refused
//
// A chain of functions longer than the stack has frames, each of which fills its own.
#include <stdint.h>

#define LINK(name, next)                                        \
  __attribute__((noinline)) static uint64_t name(uint64_t it) { \
    volatile uint8_t frame[400];                                \
    for (int index = 0; index < 400; index++) frame[index] = 7; \
    return next + frame[it & 255];                              \
  }
LINK(last, it)
LINK(a9, last(it))
LINK(a8, a9(it))
LINK(a7, a8(it))
LINK(a6, a7(it))
LINK(a5, a6(it))
LINK(a4, a5(it))
LINK(a3, a4(it))
LINK(a2, a3(it))
LINK(a1, a2(it))

uint64_t program(const void *context, uint64_t length) { return a1(length); }
