// request: write-outside
//
// Writes a payload from where its own belongs, on and on, behind the end of the buffer.
#include <bpf/helpers.h>

uint64_t program(bpf_coap_ctx_t *context, uint64_t length) {
  if (length == 0) return 0;
  bpf_gcoap_resp_init(context, 0x45);
  volatile uint8_t *payload = bpf_coap_get_pdu(context);
  for (;;) *payload++ = 'x';
}
