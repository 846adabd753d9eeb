# The sign of what waits in a lower half that nobody needs afterwards.
r5 = -1040137728
goto next
next:
r5 &= 1048575
r5 = (s32)r5
r4 = r5
r4 >>= 42
r0 = r4
exit
