# SPDX-License-Identifier: MIT
"""Runs the program of the chaos test, with all its descendants, and compares what it told with and without the library."""
import collections
import ctypes
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOM, HEAD = 1 << 20, 16
SIZE = 64 << 10  # KiB that a small program may grow by
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER

# How the program is run: 'arena': libc's malloc with one arena, so that the size of the process does not hang on chance; 'arenas': as
# ever; 'reentrant': with an allocator that handlers may call at any instant.
FORMS = 'arena', 'arenas', 'reentrant'

Result = collections.namedtuple('Result', 'status told out err hang')


def adopt():
    """Orphans among the descendants become our children, so that we can wait for them."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def descendants():
    parents = {}
    for path in glob.glob('/proc/[0-9]*/stat'):
        try:
            with open(path) as f:
                text = f.read()
        except OSError:
            continue
        parents[int(text.split()[0])] = int(text.rpartition(')')[2].split()[1])
    found, new = set(), {os.getpid()}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new} - found
        found |= new
    return found


def states(pids):
    """What hangs, and where: for the message."""
    lines = []
    for pid in sorted(pids):
        try:
            for task in sorted(os.listdir('/proc/%d/task' % pid))[:8]:
                words = []
                for name in 'stat', 'wchan', 'syscall':
                    with open('/proc/%d/task/%s/%s' % (pid, task, name)) as f:
                        text = f.read()
                    words.append(text.rpartition(')')[2].split()[0] if name == 'stat' else text.strip()[:60])
                lines.append('%d/%s: %s' % (pid, task, ' '.join(words)))
        except OSError:
            pass
    return '; '.join(lines)


class Surroundings:
    """A folder with a program and the library in it, which anybody may read, and a place for logs, where anybody may write."""

    def __init__(self, build, preload_before=None):
        self.top = tempfile.mkdtemp(prefix='memtrace-chaos-')
        self.memtrace = build.memtrace
        os.chmod(self.top, 0o755)
        for source in 'chaos', 'chaos_reentrant', 'libchaos_plugin.so', 'libtorture_reentrant.so':
            shutil.copy(build.path('chaos', source) if 'torture' not in source else build.path(source), self.top)
        shutil.copy(build.tracker, self.top)
        for name, mode in ('root', 0o755), ('logs', 0o777):
            os.mkdir(self.path(name))
            os.chmod(self.path(name), mode)
        self.preload = self.path(os.path.basename(build.tracker))
        if preload_before:
            shutil.copy(preload_before, self.top)
            self.preload = self.path(os.path.basename(preload_before)) + ':' + self.preload
        self.mark = os.path.basename(self.top)

    def path(self, *names):
        return os.path.join(self.top, *names)

    def end(self):
        shutil.rmtree(self.top, ignore_errors=True)

    def environment(self, traced, fault=None):
        env = {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8', 'HOME': '/'}
        if traced:
            env.update(LD_PRELOAD=self.preload, MEMTRACE_OUTPUT=self.path('logs', '%p.' + self.mark + '.mt'))
        if fault:
            env['CHAOS_FAULT'] = fault
        return env

    def logs(self):
        return glob.glob(self.path('logs', '*')) + glob.glob('/tmp/*.%s.mt' % self.mark)

    def run(self, words, form, traced, hang, fault=None):
        """The program, and whatever it has started, to the end."""
        told = self.path('told')
        with open(told, 'wb') as f:
            f.write(b'\0' * 8 + bytes([form == 'arena']) + b'\0' * (ROOM - 9))
        os.chmod(told, 0o666)
        program = subprocess.Popen([self.path('chaos_reentrant' if form == 'reentrant' else 'chaos'), told, '0', *words], env=self.environment(traced, fault), cwd=self.top,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        status, where = self.wait(program, hang)
        with program.stdout, program.stderr:
            out, err = program.stdout.read(), program.stderr.read()
        with open(told, 'rb') as f:
            data = f.read()
        used = int.from_bytes(data[:8], 'little')
        lines = data[HEAD:HEAD + used].decode('utf-8', 'replace').split('\n')[:-1]
        lines.sort(key=lambda line: line.split(' ')[0])  # each process and thread by itself: the sort keeps their order
        return Result(status, lines, sorted(out.decode('utf-8', 'replace').splitlines()),
                      sorted(err.decode('utf-8', 'replace').splitlines()), where)

    @staticmethod
    def wait(program, hang):
        """(the program's status, where it hung or None)"""
        status, where, pause, end = None, None, 0.001, time.monotonic() + hang
        while True:
            try:
                pid, ended = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                program.returncode = status
                return status, where
            if pid == program.pid:
                status = os.waitstatus_to_exitcode(ended)
            if pid:
                continue
            if time.monotonic() > end:
                left = descendants()
                where = where or states(left) or 'nothing left'
                for one in left:
                    try:
                        os.kill(one, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)

    def refused(self):
        """A message for each log that can't be read, or not to its end; all logs are removed."""
        found = self.logs()
        if not found:
            yield 'no log'
        for path in found:
            done = subprocess.run([self.memtrace, 'report', '--json', path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if done.returncode:
                yield '%s: status %d: %s' % (os.path.basename(path), done.returncode, done.stderr.decode()[-300:])
            elif json.loads(done.stdout)['truncated']:
                yield '%s: truncated' % os.path.basename(path)
            os.remove(path)


DESCRIPTORS = re.compile(r'(\S+) descriptors$')
DESCRIPTOR = re.compile(r'(\S+) fd (\d+)-(\d+) (.*)')
SIZES = re.compile(r'(\S+) vm (-?\d+) locked (-?\d+)')


def faces(lines):
    """The lines without those of descriptors, and these, by number, as one for each row of them."""
    rest, rows, last = [], [], {}
    for line in lines:
        begin, found = DESCRIPTORS.match(line), DESCRIPTOR.match(line)
        if begin:
            last[begin[1]] = {}
            rows.append((begin[1], last[begin[1]]))
        if not found or found[1] not in last:
            rest.append(line)
            continue
        for fd in range(int(found[2]), int(found[3]) + 1):
            last[found[1]][fd] = found[4]
    return rest, rows


def descriptors(bare, traced):
    """Ours may be there: one, above all of the program's, and it is the log."""
    if len(bare) != len(traced):
        yield 'descriptors: told %d times without, %d times with' % (len(bare), len(traced))
        return
    for (tag, ours), (_, theirs) in zip(traced, bare):
        more = [fd for fd in ours if fd not in theirs]
        if len(more) == 1 and more[0] > max(theirs, default=-1) and '.mt' in ours[more[0]] + '.mt' * ours[more[0]].startswith('100'):
            more = []
        more += [fd for fd in theirs if ours.get(fd) != theirs[fd]]
        for fd in more[:5]:
            yield 'descriptors: %s: %d: %s without, %s with' % (tag, fd, theirs.get(fd), ours.get(fd))


PRELOAD = re.compile(r"ERROR: ld\.so: object '[^']*' from LD_PRELOAD cannot be preloaded \(cannot open shared object file\): ignored\.$")


def said(lines):
    """Without the loader's words for a program that may not have the descriptor that the preload needs; libc's needs it, too."""
    return [line for line in lines if not PRELOAD.match(line)] if any('Error 24' in line for line in lines) else lines


def compare(bare, traced, form):
    """(kind, message) for all that differs."""
    if traced.hang:
        return [('hang', traced.hang)]
    wrong = []
    if bare.status != traced.status:
        wrong.append(('status', 'status: %s without, %s with' % (bare.status, traced.status)))
    for name in 'out', 'err':
        if getattr(bare, name) != said(getattr(traced, name)):
            wrong.append((name, '%s: %r without, %r with' % (name, getattr(bare, name)[:10], getattr(traced, name)[:10])))
    (left, left_rows), (right, right_rows) = faces(bare.told), faces(traced.told)
    wrong += [('descriptors', text) for text in descriptors(left_rows, right_rows)]
    sizes = []
    for a, b in zip(left, right):
        x, y = SIZES.match(a), SIZES.match(b)
        if x and y and x[1] == y[1]:
            sizes.append((int(x[2]), int(y[2])))
            if x[3] != y[3] or (x[2] == '-1') != (y[2] == '-1'):
                wrong.append(('told', '%s without, %s with' % (a, b)))
        elif a != b and a.split()[1:2] == b.split()[1:2] == ['key']:
            wrong.append(('key', '%s without, %s with' % (a, b)))
        elif a != b:
            wrong.append(('told', '%s without, %s with' % (a, b)))
            break
    else:
        if len(left) != len(right):
            more = 'without' if len(left) > len(right) else 'with'
            wrong.append(('told', 'only %s: %s' % (more, (left + right if more == 'without' else right)[min(len(left), len(right))])))
    larger = max((b - a for a, b in sizes), default=0)
    if form == 'arena' and larger > SIZE:
        wrong.append(('size', 'VmSize: %d KiB more' % larger))
    return wrong
