# The upper half of r0 is read after the lower one of r2 has been given.
L0:
r0 = r1
r1 = 0x200000000000000 ll
r2 = r0
r3 = r10
r3 += -88
r6 = 0x5ef914215026bef7 ll
r7 = -2
r8 = -2147483647
r8 = r6
r6 = r2
r8 -= r3
r3 s>>= 24
call L27
r3 = 0x100000000 ll
r3 = r3
w3 <<= 0
r3 += r7
r7 = 5
*(u32 *)(r10 - 408) = w0
*(u64 *)(r10 - 432) = r3
*(u64 *)(r10 - 456) = r6
*(u32 *)(r10 - 464) = w7
*(u64 *)(r10 - 472) = r8
exit
L27:
r0 = 0x2001 ll
r5 = r3
r7 = rodata + 0x4 ll
r8 = 0x1000000000000001 ll
exit
r0 = 2121971995
r6 = r10
r6 += -98
r7 = 516
w8 = w10
w8 += -48
r9 = -2
*(u64 *)(r10 - 408) = r0
*(u64 *)(r10 - 416) = r1
*(u64 *)(r10 - 424) = r2
*(u64 *)(r10 - 432) = r3
*(u64 *)(r10 - 440) = r4
*(u64 *)(r10 - 448) = r5
*(u64 *)(r10 - 456) = r6
*(u64 *)(r10 - 464) = r7
*(u32 *)(r10 - 472) = w8
*(u64 *)(r10 - 480) = r9
exit
entry:
r0 = data + 0x10 ll
r3 = 0xc0000000b ll
r4 = 0xfffffffe0ec00000 ll
r5 = 0x10 ll
r6 = 13
w7 = 48830
r8 = 0xd80000000000 ll
r9 = -12
r9 = *(u64 *)(r10 - 16)
if r8 < 65535 goto L75
w8 = w9
w9 = w9
w9 = w8
w9 = w6
r9 &= 7
r9 <<= 3
r8 = r0
L75:
r8 += r9
*(u64 *)(r8 + 2) = -13
w7 = (s8)w1
w1 = -16777216
r7 &= -2
r7 = r7
r7 ^= r4
r4 >>= -1
*(u32 *)(r10 - 36) = -6
r9 = r5
r9 /= -7
r9 *= -7
r5 = 65280
r4 -= r9
r3 = -8
w7 = -w7
r9 = atomic_fetch_xor((u64 *)(r10 - 40), r9)
r4 |= r7
r3 = 1
L94:
r5 = r1
r5 *= r9
r9 += 255
r5 += r9
r1 >>= 52
r8 = 8191
r5 ^= r9
r9 ^= r5
r5 ^= r9
r5 = r8
r5 += 534984357
r9 += 2
r5 += -2052477294
r8 >>= 12
r5 = r1
r5 += 33554432
r4 += -2
r5 -= 65280
r1 = r7
r3 += -1
r9 = r1
w5 = 1
L116:
if r5 == 0 goto L121
w0 /= w6
r0 = r5
r5 += -1
goto L116
L121:
if r3 == 0 goto L123
goto L94
L123:
w6 = *(u8 *)(r10 - 15)
r9 = r10
w9 += -40
goto L127
L127:
if r6 > -1431655766 goto L131
r6 = r6
r7 = r6
r6 <<= 25
L131:
r7 >>= 39
r6 += r7
r2 = r7
r2 &= 3
r2 <<= 2
r6 = r9
w6 += w2
*(u16 *)(r6 + 0) = w9
w9 = *(u8 *)(r6 + 5)
call L0
r4 = 0x1fffff00000000 ll
r5 = 0xfffff ll
r7 = r6
r7 <<= 0
w6 s>>= 4
r7 += r4
r4 <<= 1
r0 >>= 48
r0 = r4
r0 -= r7
r7 = -368833355
r5 = le64 r5
r8 = r0
r8 <<= 18
r8 >>= 8
r0 s>>= 45
r0 = r4
r0 /= -1428907849
r0 *= -1428907849
w9 -= w0
w0 ^= w4
r0 ^= r5
r0 ^= r6
w0 ^= w7
r0 ^= r8
r0 += r9
exit
