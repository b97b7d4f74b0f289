# SPDX-License-Identifier: MIT
"""For interpreters whose frames are not read."""
print(len(bytearray(12 << 20)))
