# SPDX-License-Identifier: MIT
"""400 short-lived code objects, nearly all at the same address, each with a file of its own. Prints how many addresses
there were; the block made by file N has (N + 1) * 64 KiB."""
import sys

N = 400
addresses = set()
for i in range(N):
    code = compile("\n" * (i % 50) + "bytearray(size)", "file_%d.py" % i, "exec")
    addresses.add(id(code))
    exec(code, {"size": (i + 1) << 16})
    del code
sys.stdout.write("%d\n" % len(addresses))
