# run: refused
#
# Jumps behind its text.
if r2 == 0 goto +100
exit
