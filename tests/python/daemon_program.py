# SPDX-License-Identifier: MIT
"""Ends while four daemon threads allocate and release without the GIL, which goes on for a while after the interpreter
has freed their thread states and frames: daemon_program.py LIBRARY, which is natives.c."""
import ctypes
import sys
import threading

libc = ctypes.CDLL(None)
natives = ctypes.CDLL(sys.argv[1])
started = threading.Barrier(5)


def compile_expression():
    # Some fifty thousand allocations in one call, without the GIL.
    libc.regcomp(ctypes.create_string_buffer(1024), b"((a{1,20}b{1,20}){1,40}c){1,12}", 1)


def deep(n, work):
    if n:
        return deep(n - 1, work)
    started.wait()
    while True:
        work()


for work in (compile_expression, natives.allocate_for_ever) * 2:
    threading.Thread(target=deep, args=(20, work), daemon=True).start()
started.wait()
natives.wait_for_rounds(100)
garbage = [[bytearray(2000) for _ in range(50)] for _ in range(50)]
libc.on_exit(natives.wait_at_exit, None)  # the threads get on after the interpreter has gone
