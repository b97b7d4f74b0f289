# SPDX-License-Identifier: MIT
"""Ends while four daemon threads allocate and release without the GIL: their thread states and frames are freed under
them."""
import ctypes
import sys
import threading
import time

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
started = threading.Barrier(5)


def deep(n):
    if n:
        return deep(n - 1)
    started.wait()
    while True:
        libc.free(libc.malloc(100000))
        libc.free(libc.malloc(100))


for _ in range(4):
    threading.Thread(target=deep, args=(20,), daemon=True).start()
started.wait()
time.sleep(0.01)
garbage = [[bytearray(2000) for _ in range(50)] for _ in range(200)]
sys.exit(0)
