// expect: 11
// prints: copied text
//
// Copies constants to the stack with the helper, which also may not reach beyond them.
#include <bpf/helpers.h>

static const char text[] = "copied text";

uint64_t program(void) {
  char copy[16];
  bpf_memcpy(copy, text, sizeof text);
  bpf_printf("%s\n", copy);
  return bpf_strlen(copy);
}
