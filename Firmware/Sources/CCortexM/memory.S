// Copying by words. The C library's copy for small flash goes byte by byte, at five instructions each; Swift moves its larger
// values with it.

  .syntax unified
  .cpu cortex-m4
  .thumb

  .section .text.memcpy, "ax", %progbits
  .balign 4
  .global memcpy
  .global __aeabi_memcpy
  .global __aeabi_memcpy4
  .global __aeabi_memcpy8
  .type memcpy, %function
  .thumb_func
memcpy:
  .thumb_func
__aeabi_memcpy:
  .thumb_func
__aeabi_memcpy4:
  .thumb_func
__aeabi_memcpy8:
  // The core loads and stores words at any address.
  mov r12, r0
  subs r2, #16
  blo 2f
1:
  ldr r3, [r1], #4
  str r3, [r12], #4
  ldr r3, [r1], #4
  str r3, [r12], #4
  ldr r3, [r1], #4
  str r3, [r12], #4
  ldr r3, [r1], #4
  str r3, [r12], #4
  subs r2, #16
  bhs 1b
2:
  adds r2, #12
  bmi 4f
3:
  ldr r3, [r1], #4
  str r3, [r12], #4
  subs r2, #4
  bhs 3b
4:
  adds r2, #4
  beq 6f
5:
  ldrb r3, [r1], #1
  strb r3, [r12], #1
  subs r2, #1
  bne 5b
6:
  bx lr
