# SPDX-License-Identifier: MIT
"""Asks for a function's lines to be counted, several times over, and no longer (memtrace.h). Says what it was answered."""
import ctypes

count = ctypes.PyDLL(None).memtrace_lines
count.argtypes = [ctypes.py_object, ctypes.c_int]


def named(n):
    x = 0
    for i in range(n):
        x += i
    return x


answers = [count(named.__code__, 0)]
for _ in range(3):
    answers.append(count(named.__code__, 1))
    named(5)
    answers.append(count(named.__code__, 0))
    named(100)
print(answers)
