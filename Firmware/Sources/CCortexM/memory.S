// Copying by words. The C library's copy for small flash goes byte by byte, at five instructions each; Swift moves its larger
// values with it.

  .syntax unified
  .cpu cortex-m3
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

// Copying where both may overlap: the copy above goes upwards, which is right unless the target begins within the source.

  .section .text.memmove, "ax", %progbits
  .balign 4
  .global memmove
  .global __aeabi_memmove
  .global __aeabi_memmove4
  .global __aeabi_memmove8
  .type memmove, %function
  .thumb_func
memmove:
  .thumb_func
__aeabi_memmove:
  .thumb_func
__aeabi_memmove4:
  .thumb_func
__aeabi_memmove8:
  subs r3, r0, r1
  cmp r3, r2
  bhs.w memcpy
1:
  subs r2, #1
  ldrb r3, [r1, r2]
  strb r3, [r0, r2]
  bne 1b
  bx lr

// Filling, likewise; for clearing a program's memory before each run.

  .section .text.memset, "ax", %progbits
  .balign 4
  .global memset
  .global __aeabi_memset
  .global __aeabi_memset4
  .global __aeabi_memset8
  .global __aeabi_memclr
  .global __aeabi_memclr4
  .global __aeabi_memclr8
  .type memset, %function
  .thumb_func
memset:
  // void *memset(void *to, int byte, size_t count); the result is r0, so it stays.
  and r1, r1, #255
  orr r1, r1, r1, lsl #8
  orr r1, r1, r1, lsl #16
  b.n 1f
  .thumb_func
__aeabi_memset:
  .thumb_func
__aeabi_memset4:
  .thumb_func
__aeabi_memset8:
  // The same with count and byte the other way round.
  and r3, r2, #255
  mov r2, r1
  orr r3, r3, r3, lsl #8
  orr r1, r3, r3, lsl #16
  b.n 1f
  .thumb_func
__aeabi_memclr:
  .thumb_func
__aeabi_memclr4:
  .thumb_func
__aeabi_memclr8:
  mov r2, r1
  movs r1, #0
1:
  mov r12, r0
2:
  // Up to an address divisible by 4, which storing several registers needs.
  cmp r2, #0
  it eq
  bxeq lr
  tst r12, #3
  beq 3f
  strb r1, [r12], #1
  subs r2, #1
  b 2b
3:
  subs r2, #256
  blo 5f
  push {r4-r9}
  mov r3, r1
  mov r4, r1
  mov r5, r1
  mov r6, r1
  mov r7, r1
  mov r8, r1
  mov r9, r1
4:
  stmia r12!, {r1, r3-r9}
  stmia r12!, {r1, r3-r9}
  stmia r12!, {r1, r3-r9}
  stmia r12!, {r1, r3-r9}
  stmia r12!, {r1, r3-r9}
  stmia r12!, {r1, r3-r9}
  stmia r12!, {r1, r3-r9}
  stmia r12!, {r1, r3-r9}
  subs r2, #256
  bhs 4b
  pop {r4-r9}
5:
  adds r2, #252
  bmi 7f
6:
  str r1, [r12], #4
  subs r2, #4
  bhs 6b
7:
  adds r2, #4
  beq 9f
8:
  strb r1, [r12], #1
  subs r2, #1
  bne 8b
9:
  bx lr
