#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tracker is a guest: it shows no thread, signal handler or descriptor, holds no lock across a real call, and leaves errno alone.

    run_guest.py BUILD [WORD...]
"""
import pathlib
import re
import subprocess
import sys

from common import Tests, run

t = Tests(sys.argv[1])

# What the library may use of libc. Before you add a name, ask: is it a cancellation point, does it allocate, may a program replace
# it? Then it has no place in a hook (see the rules in interpose/hooks/malloc.c).
IMPORTS = r'''_ITM_\w+ __gmon_start__ __cxa_finalize __cxa_atexit __stack_chk_\w+ __(mem|str)\w+_chk __\w+_init
    dl(v?sym|open|error|addr1?) getauxval gnu_get_libc_version __libc_stack_end __ctype_b_loc __environ environ
    _r_debug _dl_debug_addr __progname_full program_invocation_name
    __errno_location abort clock_gettime gettimeofday getpid malloc_usable_size on_exit __register_atfork
    mem(r?chr|cmp|cpy|move|set) str(r?chr|n?cmp|n?cpy|n?len|c?spn|str) strerror_r sigfillset pthread_sigmask sched_\w+ __sched_cpucount
    pthread_(self|join|key_create|key_delete|setspecific|[gs]etname_np|setcancelstate) pthread_mutex(attr)?_\w+ pthread_cond_\w+'''.split()


def imports():
    names = subprocess.run(['nm', '-D', '--undefined-only', t.tracker], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    names = {name.split('@')[0] for name in names if len(name) > 1}
    strange = sorted(name for name in names if not any(re.fullmatch(pattern, name) for pattern in IMPORTS))
    t.check(len(names) > 20 and not strange, 'the library calls %s', strange)
    # syscall() is our own hook. What we ask of the system is held against the program's filters first.
    folder = pathlib.Path(__file__).parents[2] / 'interpose'
    files = [path for path in folder.rglob('*.[ch]') if re.search(r'^[^*\n]*[^\w.]syscall\(', path.read_text(), re.M)]
    t.check(not files, 'these call syscall(), not mt_os_call(): %s', files)


def locks():
    """With and without memtrace, in front of functions that stand still; a deadlock ends by SIGALRM."""
    parking = t.program('libparking.so')
    bare = run([t.program('guest'), 'locks'], env=t.environment(None, parking))
    done = run([t.program('guest'), 'locks'], env=t.environment(t.path('%p.mt'), t.tracker + ':' + parking))
    t.check(bare.status == 42 and bare.out.count('stood still') == 13, 'without: %d: %s', bare.status, bare.err)
    t.check((done.status, done.out, done.err) == (bare.status, bare.out, bare.err), 'with: %d, the last is the one after %s: %s',
            done.status, re.findall('still: (.*)', done.out)[-1:], done.err)


def face():
    done = t.both([t.program('guest'), 'face'], t.path('%p.mt'), pass_fds=())
    t.check(done.out.count('-- ') == 7 and done.status == 42, '%s', done.out)


def unchanged():
    t.both([t.program('work'), '3000', 'errno', 'fork', 'thread'], t.path('%p.mt'))


t.test('imports', imports)
t.test('locks', locks)
t.test('face', face)
t.test('errno', unchanged)
t.end()
