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
void SVC_Handler(void);
void PendSV_Handler(void);
void Fault_Handler(void);

volatile uint64_t cortexm_milliseconds;

#define CPACR (*(volatile uint32_t *)0xE000ED88)
#define SHCSR (*(volatile uint32_t *)0xE000ED24)
#define CCR (*(volatile uint32_t *)0xE000ED14)

void Reset_Handler(void) {
  for (uint32_t *to = &_sdata, *from = &_sidata; to < &_edata;) *to++ = *from++;
  for (uint32_t *to = &_sbss; to < &_ebss;) *to++ = 0;
  SHCSR |= 7u << 16;    // memory, bus and usage faults have handlers of their own
  CCR &= ~(1u << 4);    // division by zero gives zero, as RFC 9669 wants it of compiled programs
  cpu_synchronize();
  thread_start_protection();
  for (void (**init)(void) = __init_array_start; init < __init_array_end; init++) (*init)();
  (void)main(0, NULL);
  for (;;) cpu_wait_for_interrupt();
}

/// Called each millisecond. A program may define it, for instance to watch over its own work.
__attribute__((weak)) void cortexm_watch(void) {}

/// The timer's interrupt. What is spent is counted here, and the system gets to look after its threads.
void SysTick_Handler(void) {
  cortexm_count_millisecond();
  cortexm_watch();
  cortexm_thread *thread = thread_charged;
  if (thread) {
    thread->milliseconds += 1;
    thread_interrupt();
  }
}

/// The Ethernet controller's interrupt, defined by the board.
__attribute__((weak, naked)) void IRQ13_Handler(void) { __asm volatile("b Fault_Handler"); }

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) static const struct {
  uint32_t *initial_stack;
  vector exceptions[15];
  vector interrupts[32];
} vectors = {
    &_estack,
    {Reset_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, 0, 0, 0, 0,
     SVC_Handler, Fault_Handler, 0, PendSV_Handler, SysTick_Handler},
    {[0 ... 12] = Fault_Handler, [13] = IRQ13_Handler, [14 ... 31] = Fault_Handler},
};

// The heap serves allocations at start; it ends where the stack's guard begins.

static char *heap_top = &_heap_start;

uint32_t cortexm_heap_used(void) { return (uint32_t)(heap_top - &_heap_start); }
uint32_t cortexm_heap_end(void) { return (uint32_t)heap_top; }
uint32_t cortexm_heap_limit(void) { return (uint32_t)&_heap_end; }

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
