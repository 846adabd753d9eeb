// expect: reply 2.05 "{"temperature": 22.0}"
//
// Answers requests with what the temperature sensor measures, as JSON.
#include <bpf/helpers.h>

enum { content = 0x45, json = 50 };

static const char begin[] = "{\"temperature\": ";

uint64_t program(bpf_coap_ctx_t *context) {
  phydat_t data;
  if (bpf_saul_reg_read(bpf_saul_reg_find_type(SAUL_SENSE_TEMP), &data) != 1) return -1;
  bpf_gcoap_resp_init(context, content);
  bpf_coap_add_format(context, json);
  ssize_t length = bpf_coap_opt_finish(context, COAP_OPT_FINISH_PAYLOAD);
  char *start = (char *)bpf_coap_get_pdu(context);
  char *end = start;
  bpf_memcpy(end, begin, sizeof begin - 1);
  end += sizeof begin - 1;
  end += bpf_fmt_s16_dfp(end, data.val[0], data.scale);
  *end++ = '}';
  return length + (end - start);
}
