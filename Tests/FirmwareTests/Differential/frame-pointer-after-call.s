# The upper half of r10 is needed by the caller alone.
call function
if r1 s> 9 goto done
r1 = r10
r0 = *(u64 *)(r1 + 0)
lock *(u64 *)(r1 + 8) &= r1
done:
exit
function:
r1 += -1581694378
r0 = 0x7e897124f7 ll
exit
