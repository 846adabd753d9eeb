// request: response-too-long
//
// Claims a response that is longer than the buffer.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) { return 1025; }
