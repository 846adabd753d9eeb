// Shows one reading after the other on the display, for two seconds each; the keys up and down go on and back.
#include "weather.h"

enum { readings = 4, keypad_line = 2, ticks = 40 };

struct reading {
  uint32_t key;
  int32_t scale;
  const char *title;
  const char *unit;
};

static const struct reading table[readings] = {
    {temperature_key, -1, "Temperature", " C"},
    {humidity_key, -1, "Humidity", " %"},
    {light_key, 0, "Light", " %"},
    {sound_key, 0, "Sound", " dB"},
};

__attribute__((noinline)) static void show(uint64_t display, const struct reading *reading) {
  uint32_t value = 0;
  bpf_fetch_global(reading->key, &value);
  char text[32] = {0};
  size_t length = bpf_fmt_s16_dfp(text, (int16_t)value, reading->scale);
  bpf_memcpy(&text[length], reading->unit, bpf_strlen(reading->unit) + 1);
  bpf_hd44780_clear(display);
  bpf_hd44780_print(display, reading->title);
  bpf_hd44780_set_cursor(display, 0, 1);
  bpf_hd44780_print(display, text);
  bpf_printf("%s: %s\n", reading->title, text);
}

uint64_t program(void) {
  uint64_t display = bpf_hd44780_init();
  uint32_t last = bpf_ztimer_now();
  uint32_t shown = 0;
  uint64_t held = 4;
  for (;;) {
    show(display, &table[shown % readings]);
    // 40 times 50 milliseconds, unless a key is pressed.
    uint32_t step = 1;
    for (uint32_t tick = 0; tick < ticks; tick++) {
      bpf_ztimer_periodic_wakeup(&last, 50000);
      uint64_t key = bpf_keypad_get_input(keypad_line);
      uint64_t before = held;
      held = key;
      if (key == before) continue;
      if (key == 1) break;
      if (key == 2) {
        step = readings - 1;
        break;
      }
    }
    shown += step;
  }
}
