# SPDX-License-Identifier: MIT
"""Threads one after the other, which stand in the same places and run the same lines, but call another function of
natives.c: natives_program.py LIBRARY."""
import ctypes
import os
import sys
import threading
import time

library = ctypes.PyDLL(sys.argv[1])


def work(path):
    path(10)  # first
    path(10)  # second
    path(10)  # third


for i in range(40):
    thread = threading.Thread(target=work, args=(library.path_a if i % 2 else library.path_b,))
    thread.start()
    thread.join()
    while len(os.listdir("/proc/self/task")) > 1:  # the next one gets its place when it is gone
        time.sleep(0.001)
