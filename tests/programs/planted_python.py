# SPDX-License-Identifier: MIT
"""Planted leaks, see planted.h. Usage: planted_python.py PLUGIN [kill]"""
import ctypes
import decimal
import functools
import os
import re
import signal
import sys
import threading

REQUESTS, KEYS, ROWS, CALLS = 500, 300, 700, 500
EMPTY = sys.getsizeof([])
answers = []
rows = []


def request():
    answers.append(bytearray(43))  # PLANTED request
    return "x" * 3000


@functools.lru_cache(maxsize=None)
def cached(key):
    return bytearray(400 + key)  # PLANTED cache


def add_row(i):
    rows.append("row %d of many" % i)  # PLANTED list


def held(values):
    """Of a list and what is in it, without the empty list, which another line made."""
    return sum(map(sys.getsizeof, values)) + sys.getsizeof(values) - EMPTY


def use_runtime():
    """What the interpreter keeps for itself."""
    print(decimal.Decimal(1) / 3, re.sub("a+", "b", "aaa"))
    with open(__file__, encoding="utf-8") as file:
        file.read()
    thread = threading.Thread(target=lambda: bytearray(5000))
    thread.start()
    thread.join()


def main():
    use_runtime()
    for _ in range(REQUESTS):
        request()
    for i in range(2 * KEYS):
        cached(i % KEYS)
    for i in range(ROWS):
        add_row(i)
    work = ctypes.CDLL(sys.argv[1]).plugin_work
    work.restype = ctypes.c_size_t
    forgot = sum(work() for _ in range(CALLS))
    print("PLANTED request", held(answers))
    print("PLANTED cache", sum(sys.getsizeof(cached(i)) for i in range(KEYS)))
    print("PLANTED list", held(rows))
    print("PLANTED plugin", forgot, flush=True)
    if len(sys.argv) > 2:
        os.kill(os.getpid(), signal.SIGTERM)


main()
