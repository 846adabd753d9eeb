// request: no-response or response-too-long
//
// Claims a response of more bytes than there are addresses.
#include <stdint.h>

uint64_t program(const void *context, uint64_t length) { return ~0ull; }
