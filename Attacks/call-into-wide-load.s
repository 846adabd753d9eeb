# run: refused
#
# Calls the second half of a wide load, where other instructions may be hidden.
call 1
r0 = 0x9500000000 ll
exit
