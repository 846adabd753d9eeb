# run: returned 0
#
# Shifts by more than a register has bits.
r3 = 0x7fffffff
r3 += r2
r0 = 1
r0 <<= r3
r0 >>= r3
r0 s>>= r3
r0 = 0
exit
