# run: write-outside
#
# Exchanges a word of the system control block.
r1 = 0xe000ed08 ll
r1 += r2
r3 = 0x20000000
r3 = xchg_64(r1 + 0, r3)
r0 = 0
exit
