# run: write-outside
#
# Uses the frame pointer of the caller's caller, above all frames and data.
r1 = r10
r1 += 6656
r1 += r2
*(u64 *)(r1 - 4) = r2
r0 = 0
exit
