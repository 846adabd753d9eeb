// Requests to the emulator or debugger that runs the program (Arm semihosting).
#include "cortexm.h"

static uint32_t request(uint32_t operation, const void *parameters) {
  register uint32_t r0 __asm("r0") = operation;
  register const void *r1 __asm("r1") = parameters;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void semihosting_exit(uint32_t status) {
  const uint32_t block[2] = {0x20026 /* ADP_Stopped_ApplicationExit */, status};
  request(0x20 /* SYS_EXIT_EXTENDED */, block);
  for (;;) cpu_wait_for_interrupt();
}

uint32_t semihosting_command_line(uint8_t *text, uint32_t capacity) {
  uint32_t block[2] = {(uint32_t)text, capacity};
  return request(0x15 /* SYS_GET_CMDLINE */, block) == 0 ? block[1] : 0;
}
