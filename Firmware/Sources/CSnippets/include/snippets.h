// Code that no compiler makes: what somebody would put into a code region who got past everything else. See snippets.S.
#pragma once
#include <stdint.h>

/// How a snippet has to end. A trap's rule or a fault's kind is added to the number of its class.
enum { snippet_ends_somehow = 0, snippet_returns = 1, snippet_is_trapped = 0x100, snippet_faults = 0x200 };

typedef struct {
  const char *_Nonnull name;
  const uint16_t *_Nonnull start;
  /// In bytes, a multiple of 4. It runs at any address divisible by 4.
  uint32_t size;
  uint32_t expected;
} snippet;

extern const snippet snippets[], snippets_end[];
static inline const snippet *_Nonnull snippets_start(void) { return snippets; }
static inline uint32_t snippets_count(void) { return (uint32_t)(snippets_end - snippets); }

/// PRIMASK, FAULTMASK, BASEPRI and CONTROL, a byte for each (ARM DDI 0403, B1.4).
static inline uint32_t cpu_masks(void) {
  uint32_t primask, faultmask, basepri, control;
  __asm volatile("mrs %0, primask" : "=r"(primask));
  __asm volatile("mrs %0, faultmask" : "=r"(faultmask));
  __asm volatile("mrs %0, basepri" : "=r"(basepri));
  __asm volatile("mrs %0, control" : "=r"(control));
  // CONTROL.FPCA tells of the system's own work.
  return primask << 24 | faultmask << 16 | basepri << 8 | (control & 3);
}
