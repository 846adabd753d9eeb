// expect: trap budgetSpent
//
// Waits for something that never comes although somebody waits for its result: it is stopped when its budget is spent.
#include <bpf/helpers.h>

uint64_t program(void) {
  uint32_t flag = 0;
  while (flag == 0) bpf_fetch_local(1, &flag);
  return flag;
}
