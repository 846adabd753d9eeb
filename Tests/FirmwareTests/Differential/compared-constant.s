# A constant on the left, a number in a register on the right.
w0 &= 0
r4 = r0
r5 &= r0
r4 = r0
r5 = r0
r4 <<= 30
r5 >>= 34
r4 += r5
r4 = -1401200871
w4 %= w5
w5 = 1073741825
if w0 <= w5 goto below
w5 = w4
below:
w0 = w5
exit
