# run: returned -1
#
# Divides by zero and the smallest number by -1, in all widths.
r3 = 0
r3 += r2
r0 = 7
r0 /= r3
r4 = 1
r4 <<= 63
r5 = -1
r5 += r2
r4 s/= r5
w4 s%= w3
r0 -= 1
exit
