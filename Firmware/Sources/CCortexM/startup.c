// Reset, vector table, exception entry, and the few C library hooks that Embedded Swift and newlib ask for.
#include "cortexm.h"
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>

extern uint32_t _estack, _sdata, _edata, _sidata, _sbss, _ebss;
extern char _heap_start, _heap_end;
extern void (*__init_array_start[])(void), (*__init_array_end[])(void);

extern int main(int argc, char **argv);
void cortexm_report_fault(const exception_frame *frame, uint32_t exception, uint32_t exc_return)
    __attribute__((noreturn));

volatile uint64_t cortexm_milliseconds;

#define CPACR (*(volatile uint32_t *)0xE000ED88)
#define SHCSR (*(volatile uint32_t *)0xE000ED24)
#define CCR (*(volatile uint32_t *)0xE000ED14)

void Reset_Handler(void) {
  for (uint32_t *to = &_sdata, *from = &_sidata; to < &_edata;) *to++ = *from++;
  for (uint32_t *to = &_sbss; to < &_ebss;) *to++ = 0;
  CPACR |= 0xFu << 20;  // full access to the floating-point unit
  SHCSR |= 7u << 16;    // memory, bus and usage faults have handlers of their own
  CCR &= ~(1u << 4);    // division by zero gives zero, as RFC 9669 wants it of compiled programs
  cpu_synchronize();
  for (void (**init)(void) = __init_array_start; init < __init_array_end; init++) (*init)();
  (void)main(0, NULL);
  for (;;) cpu_wait_for_interrupt();
}

/// Hands the frame that the core pushed to the Swift fault handler. Bit 2 of EXC_RETURN tells on which stack it lies.
__attribute__((naked)) void Fault_Handler(void) {
  __asm volatile(
      "tst lr, #4\n"
      "ite eq\n"
      "mrseq r0, msp\n"
      "mrsne r0, psp\n"
      "mrs r1, ipsr\n"
      "mov r2, lr\n"
      "b cortexm_report_fault\n");
}

/// Called each millisecond. A program may define it, for instance to watch over its own work.
__attribute__((weak)) void cortexm_watch(void) {}

void cortexm_tick(exception_frame *frame, uint32_t exc_return) {
  cortexm_count_millisecond();
  cortexm_watch();
  native_tick(frame, exc_return);
}

/// The timer's interrupt: what the core pushed lies where the stack pointer is, or on the process stack.
__attribute__((naked)) void SysTick_Handler(void) {
  __asm volatile(
      "tst lr, #4\n"
      "ite eq\n"
      "mrseq r0, msp\n"
      "mrsne r0, psp\n"
      "mov r1, lr\n"
      "b cortexm_tick\n");
}

/// The Ethernet controller's interrupt, defined by the board.
__attribute__((weak, alias("Fault_Handler"))) void IRQ13_Handler(void);

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) static const struct {
  uint32_t *initial_stack;
  vector exceptions[15];
  vector interrupts[32];
} vectors = {
    &_estack,
    {Reset_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, 0, 0, 0, 0,
     Fault_Handler, Fault_Handler, 0, Fault_Handler, SysTick_Handler},
    {[0 ... 12] = Fault_Handler, [13] = IRQ13_Handler, [14 ... 31] = Fault_Handler},
};

// The heap serves allocations at start; it ends where the stack's reserve begins.

static char *heap_top = &_heap_start;

uint32_t cortexm_heap_used(void) { return (uint32_t)(heap_top - &_heap_start); }

void *_sbrk(ptrdiff_t increment) {
  if (increment > &_heap_end - heap_top) {
    errno = ENOMEM;
    return (void *)-1;
  }
  char *previous = heap_top;
  heap_top += increment;
  return previous;
}

/// Every allocation of Swift ends here, and none of them looks at the result: address 0, where the vectors lie, would be
/// written to. So running out of memory is a fault.
int posix_memalign(void **result, size_t alignment, size_t size) {
  void *memory = memalign(alignment, size);
  if (!memory) __builtin_trap();
  *result = memory;
  return 0;
}
