# SPDX-License-Identifier: MIT
"""400 short-lived code objects, nearly all at the same address, each with a file of its own. Prints how many addresses
there were; the block made by file N has (N + 1) * 4 KiB. Then 400 that say the same of themselves, each with a block of
100,000 bytes, on three lines in turn."""
import sys

N = 400
addresses = set()
for i in range(N):
    code = compile("\n" * (i % 50) + "bytearray(size)", "file_%d.py" % i, "exec")
    addresses.add(id(code))
    exec(code, {"size": (i + 1) << 12})
    del code
for i in range(N):
    exec(compile("x = 1" + "\n" * (i % 3) + ";"[i % 3:] + "bytearray(100000)", "same.py", "exec"))
sys.stdout.write("%d\n" % len(addresses))
