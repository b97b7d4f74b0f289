# SPDX-License-Identifier: MIT
"""A program with a trace function of its own (a debugger, coverage): it sees what it always sees."""
import sys

seen = []


def tracer(frame, event, arg):
    if frame.f_code.co_filename == __file__:
        seen.append((frame.f_code.co_name, event, frame.f_lineno))
    return tracer


def callee(n):
    if n == 2:
        sys.settrace(None)
    return n + 1


def named(n):
    a = callee(n)
    b = callee(a)
    return b


def sets_it():
    sys.settrace(tracer)
    a = callee(1)
    return a


named(0)
sys.settrace(tracer)
named(0)
named(1)  # whose callee ends it
named(0)
sets_it()
named(0)
sys.settrace(None)
print(seen)
print(sys.gettrace(), sys.getprofile())
