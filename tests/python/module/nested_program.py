# SPDX-License-Identifier: MIT
"""What a profiler that reads the resident set gets wrong."""


@profile  # noqa: F821 (a builtin while it is profiled)
def outer():
    a = inner()
    b = inner()
    return a, b


@profile  # noqa: F821
def inner():
    kept = bytearray(8000000)
    return kept


@profile  # noqa: F821
def reused():
    for _ in range(3):
        block = [None] * 100000
        del block


kept = outer()
reused()
