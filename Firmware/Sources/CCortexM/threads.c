#include "cortexm.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SHPR2 REGISTER(0xE000ED1C)
#define SHPR3 REGISTER(0xE000ED20)
#define SHCSR REGISTER(0xE000ED24)
#define CFSR REGISTER(0xE000ED28)
#define HFSR REGISTER(0xE000ED2C)
#define MMFAR REGISTER(0xE000ED34)
#define BFAR REGISTER(0xE000ED38)
#define CPACR REGISTER(0xE000ED88)
#define MPU_CTRL REGISTER(0xE000ED94)
#define MPU_RBAR REGISTER(0xE000ED9C)
#define MPU_RASR REGISTER(0xE000EDA0)

extern uint32_t _heap_end;

/// Called by the fault handler when a program's thread is at fault.
void thread_note_fault(const exception_frame *frame, cortexm_thread *thread, uint32_t exception) {
  uint32_t status = CFSR, hard_status = HFSR;
  thread->exception = exception;
  thread->status = status;
  thread->hard_status = hard_status;
  // BFARVALID (B3.2.15); else MMFAR is right if any address is known.
  thread->address = status & 1u << 15 ? BFAR : MMFAR;
  // MSTKERR, MLSPERR, STKERR, LSPERR: there is no frame.
  int has_frame = !(status & 0x3030);
  thread->pc = has_frame ? frame->pc : ~0u;
  thread->lr = has_frame ? frame->lr : ~0u;
  CFSR = status;
  HFSR = hard_status;
  // An SVC or a fault whose frame could not be pushed would still be taken: with a stack pointer of the program's choice, or as
  // if the system had done it. USGFAULTPENDED, MEMFAULTPENDED, BUSFAULTPENDED, SVCALLPENDED (B3.2.13).
  SHCSR &= ~(15u << 12);
}

void thread_start_protection(void) {
  // SVC below the interrupts of devices, the timer below that, PendSV below all.
  SHPR2 = 0xC0u << 24;
  SHPR3 = 0xE0u << 24 | 0xFFu << 16;
  // The floating-point unit is for privileged code alone.
  CPACR |= 5u << 20;
  // B3.5.8: RAM is never executed with privileges, flash never written.
  MPU_RBAR = 0x20000000 | 1u << 4 | 0;
  MPU_RASR = 1u << 28 | 1u << 24 | 1u << 17 | 21u << 1 | 1;
  MPU_RBAR = 0x00000000 | 1u << 4 | 1;
  MPU_RASR = 5u << 24 | 1u << 17 | 21u << 1 | 1;
  // Below the system's stack lies a kilobyte that nobody may touch, whatever another region says.
  MPU_RBAR = (uint32_t)&_heap_end | 1u << 4 | 7;
  MPU_RASR = 1u << 28 | 0u << 24 | 1u << 17 | 9u << 1 | 1;
  // Privileged code has the usual memory map beyond that. Where a fault of the system's leads, there is no protection
  // (HFNMIENA): it can be reported even when the stack is exhausted.
  MPU_CTRL = 5;
  cpu_synchronize();
}
