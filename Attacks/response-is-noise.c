// request: wrong-response
//
// Leaves noise where its response belongs.
#include <bpf/helpers.h>

uint64_t program(bpf_coap_ctx_t *context, uint64_t length) {
  if (length == 0) return 0;
  volatile uint8_t *bytes = (volatile uint8_t *)context;
  for (uint64_t index = 40; index < length; index++) bytes[index] = index * 167 + 0x5b;
  return length - 40;
}
