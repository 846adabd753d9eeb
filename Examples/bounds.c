// expect: trap writeOutside
//
// A store far behind the end of an array. The compiler cannot know the index, but the compartment ends somewhere.
#include <bpf/helpers.h>

static uint8_t table[16];

uint64_t program(void) {
  bpf_store_local(1, 1000000);
  uint32_t index = 0;
  bpf_fetch_local(1, &index);
  table[index] = 1;
  return table[3];
}
