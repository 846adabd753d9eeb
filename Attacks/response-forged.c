// request: wrong-response or answered
//
// Overwrites all that tells about the packet, and then has helpers work on it.
#include <bpf/helpers.h>

uint64_t program(bpf_coap_ctx_t *context, uint64_t length) {
  if (length == 0) return 0;
  volatile uint32_t *words = (volatile uint32_t *)context;
  for (int index = 0; index < 10; index++) words[index] = 0x20000000;
  bpf_gcoap_resp_init(context, 0xff);
  bpf_coap_add_format(context, 0xffffffff);
  return bpf_coap_opt_finish(context, COAP_OPT_FINISH_PAYLOAD) + 1000;
}
