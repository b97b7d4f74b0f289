# SPDX-License-Identifier: MIT
"""Forks, with and without running threads; every process allocates from a function that the first one has met, and from one
of its own. Prints the processes' ids and what they allocated."""
import os
import sys
import threading


def met(size):
    return len(bytearray(size))


def spin(stop):
    while not stop.is_set():
        met(5000)


def own(n):
    scope = {}
    exec(compile("\n" * n + "def late(size): return len(bytearray(size))", "late_%d.py" % n, "exec"), scope)
    scope["late"]((20 + n) << 20)


def child(n):
    met((10 + n) << 20)
    own(n)
    if n == 3:
        generation(4)
    sys.stdout.write("%d %d\n" % (os.getpid(), n))
    sys.stdout.flush()
    os._exit(0)


def generation(n):
    pid = os.fork()
    if pid == 0:
        child(n)
    os.waitpid(pid, 0)


met(10 << 20)
own(0)
generation(1)
stop = threading.Event()
threads = [threading.Thread(target=spin, args=(stop,)) for _ in range(3)]
for t in threads:
    t.start()
for n in (2, 3):
    generation(n)
stop.set()
for t in threads:
    t.join()
sys.stdout.write("%d 0\n" % os.getpid())
