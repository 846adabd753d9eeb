# Four bytes go to one half of a slot or to the other: what is read back is not just them.
r0 = 0xfffffff5 ll
r6 = r10
r6 += -104
r4 = r0
r4 &= 1
r4 <<= 2
r1 = r6
r1 += r4
w7 = 5
*(u32 *)(r1 + 0) = w7
r0 = *(u64 *)(r6 + 0)
*(u64 *)(r10 - 408) = r0
r0 = r7
r0 += r4
*(u64 *)(r6 + 0) = r7
w0 = *(u32 *)(r1 + 0)
exit
