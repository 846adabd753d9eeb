# The result of a comparing exchange is used right behind it, where neither it nor what is put there has a register.
r0 = 0x3b14f91600000b57 ll
w2 = 9
w3 = w10
r3 += -120
r6 = 0x124c2ca ll
w7 = -12
r8 = r10
r8 += -32
r9 = r10
w9 += -80
lock *(u32 *)(r8 + 3) |= w0
if w8 <= w1 goto L17
w7 &= 8
w7 = -w7
w0 %= 16
L17:
lock *(u32 *)(r10 - 44) |= w9
w3 = *(u16 *)(r10 - 42)
r8 = bswap64 r8
w1 s/= w3
w3 = *(u16 *)(r10 - 22)
w9 s>>= 65
lock *(u64 *)(r10 - 40) ^= r1
w3 = *(u16 *)(r10 - 16)
w2 = atomic_fetch_xor((u32 *)(r10 - 20), w2)
w3 += -1
r3 |= 24832
w8 |= -65536
*(u32 *)(r10 - 16) = 13
*(u64 *)(r10 - 36) = r3
w3 -= w8
if w3 > -4096 goto L34
if w7 < 1628554 goto L37
L34:
if w0 <= 15 goto L38
if w7 <= w8 goto L36
L36:
w0 = *(u32 *)(r10 - 16)
L37:
w0 = cmpxchg32_32(r10 - 16, w0, w0)
L38:
w0 = cmpxchg32_32(r10 - 28, w0, w3)
if r10 > 0 goto L46
if w0 s> 4325442 goto L64
w8 = *(u16 *)(r10 - 44)
r4 = data + 0x10 ll
r5 = 0xfffffffffffff ll
L46:
call 1
r2 = 0x800000 ll
if w6 s<= w0 goto L55
w8 = atomic_fetch_add((u32 *)(r10 - 44), w8)
*(u32 *)(r10 - 40) = w8
w2 = *(u32 *)(r10 - 40)
w2 = 0
L54:
if w2 == 1 goto L62
L55:
w0 -= -735669435
if w2 == 16 goto L58
w8 -= w6
L58:
if w0 s< w8 goto L61
w0 <<= w0
w2 += 1
L61:
goto L54
L62:
r2 = *(s8 *)(r10 - 12)
w0 = *(u32 *)(r10 - 12)
L64:
w0 = cmpxchg32_32(r10 - 12, w0, w7)
*(u16 *)(r10 - 48) = w0
if w8 <= w2 goto L68
*(u64 *)(r10 - 408) = r0
L68:
*(u64 *)(r10 - 424) = r2
*(u32 *)(r10 - 456) = w6
*(u64 *)(r10 - 464) = r7
*(u64 *)(r10 - 472) = r8
*(u64 *)(r10 - 480) = r9
exit
r0 = r10
r0 += -232
r3 = 0xfffffff6 ll
w5 = -2097152
w6 = -13
w7 = w10
w7 += -112
w9 = 16
w2 s/= -3
r1 = *(s8 *)(r0 + 2)
if w1 s> w6 goto L91
w3 ^= -4
w6 = 39
L88:
lock *(u32 *)(r10 - 39) += w5
w2 = -w2
w9 = 0
L91:
w0 <<= w9
r3 = *(u64 *)(r10 - 8)
r3 = *(s16 *)(r7 + 4)
w8 = 17
callx r8
r2 = r8
r4 = 0xfffffff9 ll
w9 += 1
w2 = w9
*(u32 *)(r10 - 5) = w2
if w9 == 5 goto L104
goto L91
L104:
*(u64 *)(r10 - 24) = r9
w6 += -1
w0 /= w0
if w6 > 0 goto L88
if w2 s>= -551592645 goto L111
w2 = atomic_fetch_add((u32 *)(r10 - 24), w2)
w6 |= w2
L111:
r6 = r0
w6 += 4194303
r0 = r6
w0 += 24243471
w6 = w6
w6 = 0
L117:
*(u16 *)(r10 - 52) = 134217727
w6 -= -1
if w6 s< 1 goto L117
*(u64 *)(r10 - 408) = r0
*(u64 *)(r10 - 424) = r2
*(u32 *)(r10 - 440) = w4
*(u32 *)(r10 - 456) = w6
*(u64 *)(r10 - 464) = r7
*(u64 *)(r10 - 472) = r8
*(u32 *)(r10 - 480) = w9
exit
r0 = r4
w4 = 14
r6 = data + 0x8 ll
r7 = 0xe15a0a740e198ed4 ll
w8 = 9
w9 = 32769
*(u8 *)(r10 - 21) = 4095
w8 = xchg32_32(r10 - 24, w8)
w6 |= w6
r1 = 0x7171f812 ll
r4 = r10
r4 += -120
call 1
r2 = r10
r2 += -48
w4 = -268435456
r5 = 0x398229247f8b9224 ll
r6 = *(u64 *)(r2 + 0)
if w2 == w8 goto L157
if w5 s> w2 goto L156
r0 = *(s16 *)(r10 - 22)
w8 *= w2
*(u16 *)(r10 - 29) = w0
w6 = w8
L156:
w6 &= 15
L157:
w6 <<= 4
w5 = w2
w5 += w6
w4 = xchg32_32(r5 + 4, w4)
r1 = r10
r1 += -66
call 1
w2 = -7
w4 = w10
r4 += -120
if w6 <= 67108865 goto L168
L168:
if w6 <= 16384 goto L182
r0 = *(s32 *)(r4 + 8)
w9 = w4
w4 = w9
w2 s/= w0
r9 = *(s8 *)(r10 - 33)
w9 = atomic_fetch_add((u32 *)(r10 - 17), w9)
r4 = 0
L176:
r9 = be16 r9
w6 = 5
L178:
if w4 >= 6553600 goto L186
w9 -= 1506648772
w9 = *(u16 *)(r10 - 1)
w6 += -1
L182:
if w6 == 0 goto L184
goto L178
L184:
w9 = *(u32 *)(r10 - 40)
w4 += 1
L186:
if w4 != 13 goto L176
exit
w0 = 13
r1 = 0x59634cf02322b ll
r5 = 0xf3e4dc926a5bdeaa ll
r7 = 0xd ll
r9 = r10
r9 += -64
exit
