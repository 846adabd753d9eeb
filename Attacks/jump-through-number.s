# run: unknown-helper
#
# Calls an address as if it were a helper's number.
r0 = 0x20000001 ll
r0 += r2
callx r0
exit
