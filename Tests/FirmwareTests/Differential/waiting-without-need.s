# r2 shares r0's place, and both wait for it when the call is prepared.
if r4 == 7 goto next
next:
goto shift
shift:
r0 <<= 48
goto mask
mask:
r0 &= 127
r2 = r0
r7 = 32
callx r7
exit
