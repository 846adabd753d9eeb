# run: unknown-helper
#
# Calls the system's code.
r6 = 0x4001
r6 += r2
callx r6
exit
