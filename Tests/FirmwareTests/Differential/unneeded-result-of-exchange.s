# r0 is a copy of r1 that an exchange overwrites, and nobody needs what it becomes.
r0 = r1
r8 = r0
r0 = cmpxchg_64(r8 + 0, r0, r2)
r2 = r10
r2 += -8
call 18
exit
