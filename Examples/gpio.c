// expect: 5
//
// Pins: one that the program drives, one that nobody does, one that the board has not.
#include <bpf/helpers.h>

enum { port_b = 1 };

uint64_t program(void) {
  uint64_t written = bpf_gpio_write(port_b, 3, 1);
  uint64_t high = bpf_gpio_read_raw(port_b, 3);
  bpf_gpio_write(port_b, 3, 0);
  uint64_t low = bpf_gpio_read_raw(port_b, 3);
  uint64_t input = bpf_gpio_read_input(port_b, 4);
  uint64_t missing = bpf_gpio_read_raw(99, 0);
  return written + 4 * high + 8 * low + 16 * input + 32 * missing;
}
