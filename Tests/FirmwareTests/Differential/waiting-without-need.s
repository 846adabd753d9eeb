# r2 shares r0's place, and both wait for it when the call is prepared.
r0 <<= 48
goto next
next:
r0 &= 127
r2 = r0
r1 = 0
r3 = 0
r4 = 0
r5 = 0
r7 = 32
callx r7
exit
