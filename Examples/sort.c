// expect: 123456789
//
// Sorts numbers on the stack.
#include <stdint.h>

static const uint8_t numbers[9] = {5, 3, 9, 1, 8, 2, 7, 4, 6};

uint64_t program(void) {
  volatile uint8_t sorted[9];
  for (uint32_t i = 0; i < 9; i++) {
    uint32_t place = i;
    while (place > 0 && sorted[place - 1] > numbers[i]) {
      sorted[place] = sorted[place - 1];
      place -= 1;
    }
    sorted[place] = numbers[i];
  }
  uint64_t digits = 0;
  for (uint32_t i = 0; i < 9; i++) digits = digits * 10 + sorted[i];
  return digits;
}
