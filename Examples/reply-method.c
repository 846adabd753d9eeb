// expect: reply 2.04 "changed" to "anything"
//
// Answers GET and POST differently: the method is the second byte of the request.
#include <bpf/helpers.h>

uint64_t program(bpf_coap_ctx_t *context) {
  uint8_t method = context->buf[1];
  bpf_gcoap_resp_init(context, method == 1 ? 0x45 : 0x44);
  ssize_t length = bpf_coap_opt_finish(context, COAP_OPT_FINISH_PAYLOAD);
  char *start = (char *)bpf_coap_get_pdu(context);
  bpf_memcpy(start, method == 1 ? "content" : "changed", 7);
  return length + 7;
}
