# A constant and an offset that meet beyond what 32 bits hold.
r3 = r10
w3 += 0x7fffffff
r0 = 1
if r2 != 40 goto access
exit
access:
*(u64 *)(r3 + 100) = r2
r3 = r10
w3 += -0x80000000
*(u8 *)(r3 - 100) = r2
exit
