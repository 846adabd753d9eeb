// request: helper-fault
//
// Has the packet helpers work on memory of the system.
#include <bpf/helpers.h>

uint64_t program(bpf_coap_ctx_t *context, uint64_t length) {
  if (length == 0) return 0;
  bpf_gcoap_resp_init((bpf_coap_ctx_t *)(0x20000000ull + length), 0x45);
  return 4;
}
