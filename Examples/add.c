// expect: 42
//
// The smallest program: r0 is what it returns.
#include <stdint.h>

uint64_t program(void) { return 40 + 2; }
