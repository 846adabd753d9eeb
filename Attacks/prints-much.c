// run: returned 0
//
// One text of which each part has the widest form there is.
#include <bpf/helpers.h>

uint64_t program(const void *context, uint64_t length) {
  for (int count = 0; count < 20; count++) bpf_printf("%99999999d %0999999x %500s|\n", 1, 2, "x");
  return 0;
}
