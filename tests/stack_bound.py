#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How much of the program's stack the library uses at most, on every way: gcc says how large each function's frame is and whom it
calls (-fcallgraph-info=su), and this program adds up the longest way from each function that the program, libc or an interpreter
calls. What runs on a stack of our own (base/aside.h) does not count.

    stack_bound.py BUILD          fails if it is more than LIMIT anywhere
    stack_bound.py BUILD NAME...  prints the longest way from these functions
"""
import glob
import os
import re
import sys

LIMIT = 1600
# While there is a seccomp filter, each system call of ours asks it first, and that is on the program's stack.
LIMIT_FILTERED = 2000
ASKS = {'mt_os_call_filtered', 'mask_filtered'}
CALL = {'x86_64': 8, 'aarch64': 0}  # a return address, which gcc leaves out where the call itself puts it onto the stack
LEAF = 16  # a function of libc's that calls no other, or makes a system call
VDSO = 160  # one of the kernel's, that tells the time
SWITCH = 'mt_aside_switch'

# What we call of others, on the program's stack.
LEAVES = set('''__errno_location clock_gettime getauxval gnu_get_libc_version memcmp memcpy memmove memset strchr strcmp strlen strncmp strrchr strstr syscall strnlen
    __stack_chk_fail mt_aside_register pthread_setcancelstate abort malloc_usable_size mt_newer_find_object pthread_self mt_os_raw strcspn strspn'''.split())
ATOMICS = re.compile(r'__aarch64_(cas|swp|ld(add|clr|set|eor))\d+_\w+$')  # of libgcc: one instruction, or a loop around two
# The loader, which is asked at the process's first call, and by memtrace_lines, and libc: registration at the start. `plain_*` and `mt_real`
# are the program's allocator by a pointer, and count as its own.
OTHERS = set('''dlsym dladdr dladdr1 dlvsym dlerror dlopen pthread_atfork pthread_key_create pthread_setspecific on_exit'''.split())
# Called by nobody but the loader, at the start, on the stack that the kernel made.
START = {'construct'}
# By a pointer: who is called from where.
POINTERS = {
    'mt_foreign_read': ['mt_python_thread_read'], 'mt_foreign_merge': ['is_loop', 'own_frames'],
    'mt_capture_thread_end': ['mt_python_thread_exit'], 'mt_python_code_enter': ['mt_python_exact_ask'],
    'mt_python_settle': ['settle', 'mt_python_objects_settle'],
}
# Further functions that others call: libc, an interpreter.
CALLED = ['at_exit', 'forked', 'mt_start_before_fork', 'thread_ended', 'object_malloc', 'object_calloc',
          'object_realloc', 'object_free', 'arena_alloc', 'arena_free', 'visit_others']


def read(build):
    """Frames and calls by function. A static function's name has its file before it."""
    frames, calls = {}, {}
    system, = glob.glob(os.path.join(build, 'CMakeFiles/*/CMakeSystem.cmake'))
    with open(system, encoding='utf-8') as f:
        call = CALL[re.search(r'CMAKE_SYSTEM_PROCESSOR "(\w+)"', f.read())[1]]
    files = glob.glob(os.path.join(build, 'CMakeFiles/memtrace_so.dir/**/*.ci'), recursive=True)
    for name in files:
        with open(name, encoding='utf-8') as f:
            for line in f:
                node = re.match(r'node: \{ title: "([^"]+)" label: ".*?\\n(\d+) bytes \(([^)]*)\)', line)
                edge = re.match(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', line)
                if node:
                    frames[node[1]] = int(node[2]) + call
                elif edge:
                    calls.setdefault(edge[1], set()).add(edge[2])
    return frames, calls


def short(name):
    return re.split(r'[:.]', name.split(':')[-1])[0]


class Bound:
    def __init__(self, build, filtered=True):
        self.frames, self.calls = read(build)
        self.filtered = filtered
        self.named = {}
        for name in self.frames:
            self.named.setdefault(short(name), name)
        self.known, self.unknown, self.circles = {}, set(), set()

    def deepest(self, name, above=()):
        """The most bytes from a function inward, and its way."""
        if name in self.known:
            return self.known[name]
        if short(name) in ASKS and not self.filtered:
            return 0, (short(name),)
        if short(name) == SWITCH:
            return LEAF, (SWITCH,)
        if ATOMICS.match(name):
            return LEAF, (name,)
        if name not in self.frames:
            if name != '__indirect_call' and short(name) not in LEAVES | OTHERS and not short(name).startswith('mt_je_'):
                self.unknown.add(f'{short(above[-1])} calls {name}')
            return (VDSO if short(name) == 'clock_gettime' else LEAF if short(name) in LEAVES else 0), (short(name),)
        if name in above:
            self.circles.add(short(name))
            return 0, ()
        inner = list(self.calls.get(name, ()))
        inner += [self.named[other] for other in POINTERS.get(short(name), ()) if other in self.named]
        most = max((self.deepest(other, above + (name,)) for other in inner), default=(0, ()))
        self.known[name] = self.frames[name] + most[0], (f'{short(name)} {self.frames[name]}', *most[1])
        return self.known[name]


def roots():
    source = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'interpose')
    with open(os.path.join(source, 'hooks.def'), encoding='utf-8') as f:
        hooks = re.findall(r'^MT_HOOK(?:_LATE|_MAYBE)?\((\w+),', f.read(), re.M)
    with open(os.path.join(source, 'memtrace.h'), encoding='utf-8') as f:
        hooks += re.findall(r'^MEMTRACE_API .*?[ *](memtrace_\w+)\(', f.read(), re.M)
    return [name for name in hooks if name != 'syscall'] + CALLED # that one is in assembly, and only jumps


def main():
    return check(False, LIMIT) or check(True, LIMIT_FILTERED)


def check(filtered, limit):
    bound = Bound(sys.argv[1], filtered)
    if not bound.frames:
        print('skip: the compiler does not tell frames')
        return 77
    sys.setrecursionlimit(10000)
    names = sys.argv[2:] or roots()
    missing = [name for name in names if name not in bound.named]
    ways = sorted(((*bound.deepest(bound.named[name]), name) for name in names if name in bound.named), reverse=True)
    over = [way for way in ways if way[0] > limit]
    for most, way, _ in ways if sys.argv[2:] else over[:5] or ways[:1]:
        print(most, ' > '.join(way))
    for what in sorted(bound.unknown):
        print('not known how deep:', what)
    if bound.circles:
        print('in a circle:', *sorted(bound.circles))
    if missing:
        print('no such function:', *missing)
    return bool(over or bound.unknown or bound.circles or missing)


if __name__ == '__main__':
    sys.exit(main())
