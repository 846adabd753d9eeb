// expect: 1904
//
// A table of constants with names, looked up by an index: pointers in data to texts in constants.
#include <bpf/helpers.h>

struct month {
  const char *name;
  uint32_t days;
};

static const struct month months[] = {
    {"January", 31}, {"February", 28}, {"March", 31},     {"April", 30},   {"May", 31},      {"June", 30},
    {"July", 31},    {"August", 31},   {"September", 30}, {"October", 31}, {"November", 30}, {"December", 31},
};

uint64_t program(void) {
  uint64_t days = 0;
  uint64_t letters = 0;
  for (uint32_t month = 0; month < 12; month++) {
    days += months[month].days;
    letters += bpf_strlen(months[month].name);
  }
  return days * 5 + letters + 5;
}
