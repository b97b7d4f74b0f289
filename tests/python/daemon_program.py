# SPDX-License-Identifier: MIT
"""Ends while four daemon threads allocate and release without the GIL, which goes on for a while after the interpreter
has freed their thread states and frames."""
import ctypes
import sys
import threading
import time

libc = ctypes.CDLL(None)
started = threading.Barrier(5)


def compile_expression():
    # Some fifty thousand allocations in one call, without the GIL.
    libc.regcomp(ctypes.create_string_buffer(1024), b"((a{1,20}b{1,20}){1,40}c){1,12}", 1)


def deep(n):
    if n:
        return deep(n - 1)
    started.wait()
    while True:
        compile_expression()


for _ in range(4):
    threading.Thread(target=deep, args=(20,), daemon=True).start()
started.wait()
time.sleep(0.01)
garbage = [[bytearray(2000) for _ in range(50)] for _ in range(50)]
# Called by exit() with its argument: the time that the threads get after the interpreter has gone.
libc.on_exit(libc.usleep, None)
sys.exit(256 * 400)
