// expect: reply 2.04 "tfiws" to "swift"
//
// Answers a request with its own payload, backwards. The response is built over the request, so the payload is copied first.
#include <bpf/helpers.h>

enum { changed = 0x44, longest = 32 };

uint64_t program(bpf_coap_ctx_t *context) {
  const bpf_coap_packet_t *packet = context->pkt;
  const uint8_t *payload = bpf_coap_get_pdu(context);
  uint8_t kept[longest];
  uint32_t count = packet->payload_len;
  if (count > longest) count = longest;
  for (uint32_t i = 0; i < count; i++) kept[i] = payload[i];
  bpf_gcoap_resp_init(context, changed);
  bpf_coap_add_format(context, 0);
  ssize_t length = bpf_coap_opt_finish(context, COAP_OPT_FINISH_PAYLOAD);
  uint8_t *answer = bpf_coap_get_pdu(context);
  for (uint32_t i = 0; i < count; i++) answer[i] = kept[count - 1 - i];
  return length + count;
}
