// expect: 0
//
// Two rows on the display, the second with a number. `GET /peripherals` shows them.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint64_t display = bpf_hd44780_init();
  if (display == 0xffffffff) return 1;
  bpf_hd44780_print(display, "Compartment");
  char number[12] = "no. ";
  size_t length = bpf_fmt_u32_dec(&number[4], 5);
  number[4 + length] = 0;
  if (bpf_hd44780_set_cursor(display, 0, 1) != 0) return 2;
  bpf_hd44780_print(display, number);
  // A place that the display has not.
  return bpf_hd44780_set_cursor(display, 0, 9) == (uint64_t)-22 ? 0 : 3;
}
