# Only the sign of a byte is needed, and r5 has to give way to it with a constant that no instruction carries.
r5 = r10
r5 += -104
r6 = 33554433
r9 = r10
r9 += -104
w5 += w6
w6 -= w5
r6 += 1768970644
w6 = w5
w6 *= 5
w5 += -2147483648
w9 += w6
r9 = *(s8 *)(r10 - 15)
w6 = 3
r9 s>>= 41
r0 += r5
r0 += r6
r0 ^= r9
exit
