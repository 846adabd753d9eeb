// expect: 4
//
// The key that is held down: none.
#include <bpf/helpers.h>

uint64_t program(void) { return bpf_keypad_get_input(2); }
