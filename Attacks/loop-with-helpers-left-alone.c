// start: killed
//
// Keeps the system busy with its calls for ever.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  char text[64];
  while (length == 0) {
    for (int index = 0; index < 63; index++) text[index] = 'a';
    text[63] = 0;
    bpf_strlen(text);
    __asm__ volatile("" : "+r"(length));
  }
  return 0;
}
