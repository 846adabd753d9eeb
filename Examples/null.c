// expect: trap readOutside
//
// Reads through a pointer to nothing.
#include <bpf/helpers.h>

struct list {
  struct list *next;
  uint32_t value;
};

static struct list third = {0, 3};
static struct list second = {&third, 2};
struct list *head = &second;

uint64_t program(void) {
  struct list *item = head;
  uint32_t sum = 0;
  // One too many.
  for (int i = 0; i < 3; i++) {
    sum += item->value;
    item = item->next;
  }
  return sum;
}
