// expect: reply 2.05 "counter 124"
//
// Answers requests with a text and a number.
#include <bpf/helpers.h>

enum { content = 0x45, text = 0 };

uint64_t program(bpf_coap_ctx_t *context) {
  uint32_t counter = 0;
  bpf_store_local(1, 123);
  bpf_fetch_local(1, &counter);
  bpf_gcoap_resp_init(context, content);
  bpf_coap_add_format(context, text);
  ssize_t length = bpf_coap_opt_finish(context, COAP_OPT_FINISH_PAYLOAD);
  char *start = (char *)bpf_coap_get_pdu(context);
  bpf_memcpy(start, "counter ", 8);
  return length + 8 + bpf_fmt_u32_dec(start + 8, counter + 1);
}
