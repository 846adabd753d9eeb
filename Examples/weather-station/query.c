// Answers requests with the readings, as JSON.
#include "weather.h"

enum { content = 0x45, json = 50 };

__attribute__((noinline)) static char *append(char *end, const char *text) {
  size_t length = bpf_strlen(text);
  bpf_memcpy(end, text, length);
  return end + length;
}

__attribute__((noinline)) static char *append_reading(char *end, const char *name, uint32_t key, int scale) {
  uint32_t value = 0;
  bpf_fetch_global(key, &value);
  end = append(end, name);
  return end + bpf_fmt_s16_dfp(end, (int16_t)value, scale);
}

uint64_t program(bpf_coap_ctx_t *context) {
  bpf_gcoap_resp_init(context, content);
  bpf_coap_add_format(context, json);
  ssize_t length = bpf_coap_opt_finish(context, COAP_OPT_FINISH_PAYLOAD);
  char *start = (char *)bpf_coap_get_pdu(context);
  char *end = append_reading(start, "{\"temperature\": ", temperature_key, -1);
  end = append_reading(end, ", \"humidity\": ", humidity_key, -1);
  end = append_reading(end, ", \"light\": ", light_key, 0);
  end = append_reading(end, ", \"sound\": ", sound_key, 0);
  end = append(end, "}");
  return length + (end - start);
}
