# Of a shift and of a division by registers only the upper half is needed, and that is known to be zero.
r8 = *(u64 *)(r1 + 0)
r7 = *(u64 *)(r1 + 8)
r5 = 0x21a285ec794ce48 ll
r8 = be16 r8
r8 <<= r5
r8 = bswap64 r8
*(u32 *)(r10 - 472) = w8
r6 = r7
r6 &= 255
r6 /= r7
r6 >>= 32
*(u64 *)(r10 - 480) = r6
r6 = r7
r6 >>= 1
r3 = 40
r6 >>= r3
r6 = bswap64 r6
w0 = w6
exit
