# SPDX-License-Identifier: MIT
"""Variants of the seed example with known answers: known_python.py numpy|bytearray. At the end it prints what memtrace must
say of the marked lines (a comment "@ name"), as JSON."""
import json
import os
import sys
import threading

N = 8000000
M = 1000000

if sys.argv[1] == 'numpy':
    import numpy

    def array(size):
        return numpy.ones(size // 8)
else:
    def array(size):
        return bytearray(size - 1)  # and the NUL behind it


def make_a_large_array():
    return array(N)  # @ make


def keeps():
    X = make_a_large_array()  # @ keeps
    del X  # @ releases


def drops():
    make_a_large_array()  # @ drops


def appends():
    arrays = []
    for _ in range(5):
        arrays.append(make_a_large_array())  # @ appends
    arrays.clear()  # @ clears


def even(n, kept):
    kept.append(array(M))  # @ even's own
    if n:
        odd(n - 1, kept)  # @ even calls odd


def odd(n, kept):
    kept.append(array(M))  # @ odd's own
    if n:
        even(n - 1, kept)  # @ odd calls even


def mutual():
    kept = []
    even(5, kept)  # @ mutual
    del kept  # @ mutual releases


def deep(n):
    x = array(M)  # @ deep's own
    if n:
        deep(n - 1)  # @ deep calls itself
    del x  # @ deep releases


def recursive():
    deep(4)  # @ recursive


def generator():
    for _ in range(4):
        yield array(M)  # @ yields


def generates():
    kept = []
    for x in generator():  # @ generates
        kept.append(x)
    del x
    del kept  # @ generated


def comprehends():
    kept = [array(M) for _ in range(4)]  # @ comprehends
    del kept  # @ comprehended


def in_thread():
    x = make_a_large_array()  # @ in thread
    del x  # @ thread releases


def threads():
    for _ in range(3):
        thread = threading.Thread(target=in_thread)
        thread.start()
        thread.join()


class Holder:
    def __init__(self):
        self.held = array(M)  # @ init

    def __del__(self):
        self.held = None  # @ finaliser


def objects():
    holder = Holder()  # @ object
    holder = None  # @ object goes


def main():
    keeps()  # @ main keeps
    drops()
    appends()  # @ main appends
    mutual()  # @ main mutual
    recursive()
    generates()
    comprehends()
    threads()
    objects()


for time in range(2):
    main()  # @ all
STAYS = make_a_large_array()  # @ stays

T = 2  # times that main ran
ANSWERS = {
    'keeps': ('keeps', T * N, 0, N, 0),
    'releases': ('keeps', 0, T * N, 0, 0),
    'drops': ('drops', T * N, T * N, N, 0),
    'appends': ('appends', T * 5 * N, 0, 5 * N, 0),
    'clears': ('appends', 0, T * 5 * N, 0, 0),
    "even's own": ('even', T * 3 * M, 0, M, 0),
    'even calls odd': ('even', T * 5 * M, 0, 5 * M, 0),
    "odd's own": ('odd', T * 3 * M, 0, M, 0),
    'odd calls even': ('odd', T * 4 * M, 0, 4 * M, 0),
    'mutual': ('mutual', T * 6 * M, 0, 6 * M, 0),
    'mutual releases': ('mutual', 0, T * 6 * M, 0, 0),
    "deep's own": ('deep', T * 5 * M, 0, M, 0),
    'deep calls itself': ('deep', T * 4 * M, T * 4 * M, 4 * M, 0),
    'deep releases': ('deep', 0, T * 5 * M, 0, 0),
    'recursive': ('recursive', T * 5 * M, T * 5 * M, 5 * M, 0),
    'yields': ('generator', T * 4 * M, 0, 4 * M, 0),  # nothing else happens between them: one run
    'generates': ('generates', T * 4 * M, 0, 4 * M, 0),
    'generated': ('generates', 0, T * 4 * M, 0, 0),
    'comprehends': ('comprehends', T * 4 * M, 0, 4 * M, 0),
    'comprehended': ('comprehends', 0, T * 4 * M, 0, 0),
    'in thread': ('in_thread', T * 3 * N, 0, N, 0),
    'thread releases': ('in_thread', 0, T * 3 * N, 0, 0),
    'init': ('__init__', T * M, 0, M, 0),
    'finaliser': ('__del__', 0, T * M, 0, 0),
    'object': ('objects', T * M, 0, M, 0),
    'object goes': ('objects', 0, T * M, 0, 0),
    'main keeps': ('main', T * N, T * N, N, 0),
    'main appends': ('main', T * 5 * N, T * 5 * N, 5 * N, 0),
    'main mutual': ('main', T * 6 * M, T * 6 * M, 6 * M, 0),
    'all': ('<module>', T * (7 * N + 20 * M), T * (7 * N + 20 * M), 5 * N, 0),
    'stays': ('<module>', N, 0, N, N),
    'make': ('make_a_large_array', (T * 10 + 1) * N, 0, 5 * N, N),  # likewise in appends
}


def answers():
    with open(__file__) as source:
        numbers = {text.split('# @ ')[1].strip(): number for number, text in enumerate(source, 1) if '# @ ' in text
                   and not text.startswith((' ' * 60, '"'))}
    lines = []
    for name, (function, allocated, released, rise, live) in ANSWERS.items():
        lines.append(dict(line=numbers[name], function=function, allocated_bytes=allocated, released_bytes=released,
                          increment_bytes=allocated - released, rise_bytes=rise, live_bytes=live))
    return lines


print(json.dumps(dict(pid=os.getpid(), slack=20000, lines=answers())))
sys.stdout.flush()
os._exit(0)  # what is alive stays so
