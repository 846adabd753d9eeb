# A constant on the left, a number in a register on the right.
w0 &= 0
r5 = r2
if w0 <= w5 goto below
r5 = -1
below:
w0 = w5
exit
