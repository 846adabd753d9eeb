# Of the sum only the upper half is needed.
r3 = 0x123456789 ll
r4 = 0xffffffff87654321 ll
r5 = r3
r3 += r4
r4 = r3
r3 >>= 32
r5 ^= r4
r0 = r3
r4 -= r5
r4 >>= 32
r0 += r4
r0 += r5
exit
