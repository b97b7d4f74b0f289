# SPDX-License-Identifier: MIT
"""How much memory a program made usable, from the system calls that it made: strace sees them, whoever makes them. Shares nothing
with the tracker."""
import bisect
import os
import re
import shutil
import subprocess

PAGE = os.sysconf('SC_PAGESIZE')
CALLS = 'mmap,mprotect,pkey_mprotect,munmap,mremap,shmat,shmdt'
# libc's malloc takes all from the program break then, so that what it maps is not taken for the program's.
TUNABLES = 'glibc.malloc.arena_max=1:glibc.malloc.mmap_max=0'
LINE = re.compile(r'^(\d+) +\[([0-9a-f?]+)\] (.*)$')
CALL = re.compile(r'^(\w+)\((.*)\) += (-?\w+)')


def strace_works():
    """strace is here, and may trace."""
    return bool(shutil.which('strace')) and subprocess.run(
        ['strace', '-f', '--seccomp-bpf', '-i', '-y', '-qq', '-o', os.devnull, '-e', 'trace=mmap', 'true']).returncode == 0


def run(command, trace, **env):
    """Under strace; what the program wrote."""
    settings = [option for name, value in env.items() for option in ('-E', '%s=%s' % (name, value))]
    done = subprocess.run(['strace', '-f', '--seccomp-bpf', '-i', '-y', '-qq', '-o', trace, '-e', 'trace=' + CALLS,
                           '-E', 'GLIBC_TUNABLES=' + TUNABLES] + settings + command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise RuntimeError('%s: status %d: %s' % (' '.join(command), done.returncode, done.stderr.decode('utf-8', 'replace')[-1500:]))
    return done.stdout.decode('utf-8', 'replace')


def lines_of(trace):
    """(pid, address after the system call, text) with what another thread interrupted put together, in the order of their ends."""
    begun = {}
    with open(trace, encoding='utf-8', errors='replace') as f:
        for line in f:
            m = LINE.match(line)
            if not m:
                continue
            pid, pc, text = m[1], 0 if '?' in m[2] else int(m[2], 16), m[3]  # strace can't always tell the address
            if text.endswith('<unfinished ...>'):
                begun[pid] = pc, text[:-len('<unfinished ...>')]
                continue
            rest = re.match(r'^<\.\.\. \w+ resumed>(.*)$', text)
            if rest:
                at, text = begun.pop(pid, (0, ''))
                yield pid, pc or at, text + rest[1]
            else:
                yield pid, pc, text


class Pages:
    """Ranges of pages, of which each is usable, reserved, or (absent) nothing that counts."""

    def __init__(self):
        self.bounds, self.state = [0], [None]  # state[i] holds from bounds[i] on
        self.usable = self.peak = 0

    def cut(self, at):
        i = bisect.bisect_right(self.bounds, at) - 1
        if self.bounds[i] != at:
            i += 1
            self.bounds.insert(i, at)
            self.state.insert(i, self.state[i - 1])
        return i

    def change(self, start, length, to):
        """`to`: what the state of each part becomes, given what it is."""
        end = start + (length + PAGE - 1) // PAGE * PAGE
        first, last = self.cut(start), self.cut(end)
        for i in range(first, last):
            now = to(self.state[i])
            bytes_ = self.bounds[i + 1] - self.bounds[i]
            self.usable += bytes_ * ((now == 'usable') - (self.state[i] == 'usable'))
            self.state[i] = now
        i = max(first, 1)
        while i < min(last + 1, len(self.bounds)):  # neighbours of one state are one
            if self.state[i] == self.state[i - 1]:
                del self.bounds[i], self.state[i]
                last -= 1
            else:
                i += 1
        self.peak = max(self.peak, self.usable)

    def at(self, address):
        return self.state[bisect.bisect_right(self.bounds, address) - 1]


def text_of(trace, name):
    """Where the code of this library lies: from the loader's own mapping of it."""
    for _, _, text in lines_of(trace):
        m = re.search(r'PROT_EXEC.*<[^>]*/%s>, \S+\) += (0x[0-9a-f]+)' % re.escape(name), text)
        if m:
            start, length = int(m[1], 16), int(re.search(r', (\d+), PROT_', text)[1])
            return start, start + length
    return 0, 0


def made_usable(trace, pid=None):
    """(peak, at the end) of the private and shared anonymous memory that the process made usable: bytes in whole pages. Left out is what
    the loader maps, stacks of threads, and what is called by syscall(2) from elsewhere: the tracker's own."""
    pages, attached = Pages(), {}
    libc = text_of(trace, 'libc.so.6')
    kinds = {}
    for _, pc, text in lines_of(trace):
        if CALL.match(text):
            kinds.setdefault(pc, set()).add(text.split('(')[0])
    # Where one address makes several kinds of calls, it is libc's syscall(), or the tracker's own.
    own = text_of(trace, 'libmemtrace.so')
    generic = {pc for pc, names in kinds.items() if len(names) > 1 and (libc[0] <= pc < libc[1] or own[0] <= pc < own[1])}
    loader = set()
    for _, pc, text in lines_of(trace):
        if 'MAP_DENYWRITE' in text:
            loader.add(pc >> 16)  # ld.so's few system calls stand together
    for who, pc, text in lines_of(trace):
        m = CALL.match(text)
        if not m or (pid and who != pid) or pc in generic or m[3] == '-1':
            continue
        name, result = m[1], int(m[3], 0)
        fields = m[2].split(', ')
        if name == 'mmap':
            counts = 'MAP_ANONYMOUS' in fields[3] and 'MAP_STACK' not in fields[3] and pc >> 16 not in loader
            state = None if not counts else 'reserved' if fields[2] == 'PROT_NONE' else 'usable'
            pages.change(result, int(fields[1]), lambda was: state)
        elif name in ('mprotect', 'pkey_mprotect'):
            to = 'reserved' if fields[2] == 'PROT_NONE' else 'usable'
            pages.change(int(fields[0], 16), int(fields[1]), lambda was: was and to)
        elif name == 'munmap':
            pages.change(int(fields[0], 16), int(fields[1]), lambda was: None)
        elif name == 'mremap':
            old = int(fields[0], 16)
            state = pages.at(old)
            pages.change(old, int(fields[1]), lambda was: None)
            pages.change(result, int(fields[2]), lambda was: state)
    return pages.peak, pages.usable
