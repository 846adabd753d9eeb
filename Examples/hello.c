// expect: 5
//
// Prints on the device's console: every format that the helper knows.
#include <bpf/helpers.h>

uint64_t program(void) {
  const char *name = "compartment";
  bpf_printf("hello from a %s\n", name);
  bpf_printf("decimal %d and %u, hexadecimal %x and %X\n", -42, 42, 0xBEEF, 0xBEEF);
  bpf_printf("character %c, hundred %i %%\n", 'e', 100);
  bpf_printf("the text stands at %p\n", name);
  return bpf_strlen("hello");
}
