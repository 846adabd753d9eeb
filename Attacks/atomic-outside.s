# run: write-outside
#
# Adds to a word of the system's memory.
r1 = 0x20000000 ll
r1 += r2
r3 = 1
lock *(u64 *)(r1 + 0) += r3
r0 = 0
exit
