#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The torture suite: each program without the tracker and with it; the same output and end, and the log holds what was done.

    run.py BUILD SUBJECT...      (--list: those that are registered; --times N: again and again)

BUILD is the build directory (libmemtrace.so, memtrace, torture/). Exit status 77: the subject can't be tried here.
"""
import bisect
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.dont_write_bytecode = True
import second_reader  # noqa: E402

HANG = 300  # seconds: a hang is a failure, nothing else is
REPORTS = 25  # logs of a subject that memtrace itself reads too


class Subject:
    def __init__(self, *command, slack='exact', logs=1, env=None, functions=None, folder=False, root=False, dropped=0):
        self.command = command
        self.slack = slack  # exact; dropped: exact with what the log says was dropped; least: the log holds at least that
        self.logs = logs  # how many at least
        self.env = env or {}
        self.functions = functions or {}  # allocations by function, apart from take
        self.folder = folder  # an empty folder as last argument
        self.root = root
        self.dropped = dropped  # events, where the slack is exact


SUBJECTS = {
    'fork': Subject('fork_many', logs=1101),
    'fork-threads': Subject('fork_threads', logs=501),
    'spawn': Subject('spawn', logs=60),
    'exec': Subject('exec', logs=10),
    'daemon-close': Subject('daemon', 'close', logs=3),
    'daemon-close_range': Subject('daemon', 'close_range', logs=3),
    'daemon-closefrom': Subject('daemon', 'closefrom', logs=3),
    'daemon-taken': Subject('daemon', 'taken', logs=3),
    'daemon-chroot': Subject('daemon', 'close', slack='least', logs=3, folder=True, root=True),
    'user': Subject('places', 'user', root=True),
    'unshare': Subject('places', 'unshare', root=True, logs=2),
    'threads': Subject('threads'),
    'signals': Subject('signals', 'stay', slack='dropped', logs=2, functions={'after': 2000}),
    'signals-jump': Subject('signals', 'jump', slack='jump', logs=2, functions={'after': 2000}),
    'signals-fork': Subject('signals', 'fork', slack='dropped', logs=62, functions={'after': 2000, 'in_child': 6000}),
    'inside-record': Subject('inside', 'record'),
    'inside-jump': Subject('inside', 'jump', dropped=3000),
    'inside-fork': Subject('inside', 'fork', logs=121),
    'inside-exit': Subject('inside', 'exit'),
    'inside-thread-exit': Subject('inside', 'thread-exit', dropped=50),
    'dlerror': Subject('inside', 'dlerror'),
    'longjmp': Subject('jumps', 'longjmp'),
    'faults': Subject('jumps', 'faults'),
    'coroutines': Subject('jumps', 'coroutines'),
    'coroutines-migrate': Subject('jumps', 'migrate'),
    'deep': Subject('jumps', 'deep'),
    'made-code': Subject('jumps', 'made'),
    'exceptions': Subject('exceptions'),
}
for how in ('return', 'atexit', 'thread-exit', 'thread-exit-group', 'main-pthread-exit', 'quick_exit', '_exit', '_Exit', 'abort', 'segv',
            'ill', 'double-free', 'overflow', '1', '2', '9', '11', '13', '15', '24'):
    SUBJECTS['end-' + how] = Subject('ends', how)


ENDED = 16  # a jump out of the tracker's own work: it stands aside, and says so


class Symbols:
    """The functions of a program, by address."""

    def __init__(self, program):
        self.names, self.ranges = [], []
        text = subprocess.check_output(['nm', '-S', '--defined-only', program], text=True)
        for line in text.splitlines():
            fields = line.split()
            if len(fields) == 4 and fields[2] in 'tT':
                self.ranges.append((int(fields[0], 16), int(fields[1], 16), fields[3]))
        self.ranges.sort()

    def of(self, address):
        i = bisect.bisect(self.ranges, (address, 1 << 62, '')) - 1
        if i >= 0 and address < self.ranges[i][0] + self.ranges[i][1]:
            return self.ranges[i][2]
        return None


def by_function(log, program, symbols):
    """What the functions of the program did themselves: name -> [allocations, bytes, releases, bytes]."""
    result = {}
    for (node, class_), figures in log.counters.items():
        if class_ != 0:
            continue
        frame = log.frame_text(log.frame_of[node])
        if frame[0] != 'native' or os.path.realpath(frame[1]) != program:
            continue
        name = symbols.of(frame[2] - 1)
        if name and 'L4take' in name or name and name.startswith('take'):
            name = 'take'
        sums = result.setdefault(name, [0, 0, 0, 0])
        for i, key in enumerate(('allocations', 'allocated', 'releases', 'released')):
            sums[i] += figures[key]
    return result


def number_of(name):
    """PID.mt, PID.2.mt: sorts by pid, then by the order of their making."""
    fields = name.split('.')
    return int(fields[0]), int(fields[1]) if len(fields) == 3 else 1


class Run:
    def __init__(self, build, name):
        self.build = os.path.abspath(build)
        self.subject = SUBJECTS[name]
        self.program = os.path.realpath(os.path.join(self.build, 'torture', self.subject.command[0]))
        self.top = tempfile.mkdtemp(prefix='memtrace-torture-')
        self.logs_folder = os.path.join(self.top, 'logs')
        os.mkdir(self.logs_folder)
        for folder in (self.top, self.logs_folder):
            os.chmod(folder, 0o1777)
        self.account = os.path.join(self.top, 'account')
        self.symbols = Symbols(self.program)
        self.bad = []

    def once(self, traced):
        if os.path.exists(self.account):
            os.unlink(self.account)
        env = dict(os.environ, TORTURE_ACCOUNT=self.account, **self.subject.env)
        for name in list(env):
            if name.startswith('MEMTRACE_'):
                del env[name]
        command = [self.program] + list(self.subject.command[1:])
        if self.subject.folder:
            command.append(tempfile.mkdtemp(dir=self.top))
        if traced:
            env.update(LD_PRELOAD=os.path.join(self.build, 'libmemtrace.so'),
                       MEMTRACE_OUTPUT=os.path.join(self.logs_folder, '%p.mt'))
        # The output goes to a file: a daemon that holds a pipe would keep us waiting.
        with tempfile.TemporaryFile(dir=self.top) as out, tempfile.TemporaryFile(dir=self.top) as err:
            status = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.top,
                                    timeout=HANG).returncode
            out.seek(0), err.seek(0)
            return status, out.read().decode(), err.read().decode()

    def accounts(self):
        """By pid: the lines, without those that a later one of the same log replaces."""
        result = {}
        if os.path.exists(self.account):
            with open(self.account) as f:
                for line in f:
                    fields = line.split(None, 6)
                    result.setdefault(int(fields[0]), []).append([int(x) for x in fields[1:6]] + [fields[6].strip()])
        return {pid: [a for i, a in enumerate(lines) if a[5] == 'exec' or i + 1 == len(lines)] for pid, lines in result.items()}

    def go(self):
        plain = self.once(False)
        if plain[0] == 77:
            return 77
        traced = self.once(True)
        for what, a, b in zip(('status', 'output', 'errors'), plain, traced):
            if a != b:
                self.bad.append('%s: %r without the tracker, %r with it' % (what, a, b))
        self.check_logs()
        return 1 if self.bad else 0

    def check_logs(self):
        names = sorted(os.listdir(self.logs_folder), key=number_of)
        if len(names) < self.subject.logs:
            self.bad.append('%d logs, should be %d' % (len(names), self.subject.logs))
        of_pid, functions, ended = {}, {}, False
        for i, name in enumerate(names):
            path = os.path.join(self.logs_folder, name)
            try:
                log = second_reader.Log(path)
            except second_reader.NotALog as e:
                self.bad.append('%s: %s' % (name, e))
                continue
            second_reader.check(log)
            ended = ended or bool(log.flags & ENDED)
            if self.subject.slack != 'jump':
                self.bad += ['%s: %s' % (name, problem) for problem in log.problems]
            of_pid.setdefault(number_of(name)[0], []).append((name, log))
            for function, figures in by_function(log, self.program, self.symbols).items():
                functions[function] = functions.get(function, 0) + figures[0]
            if i < REPORTS:
                self.report(path)
        for function, count in self.subject.functions.items():
            if functions.get(function) != count and not ended:
                self.bad.append('%s: %s allocations, should be %d' % (function, functions.get(function), count))
        for pid, lines in self.accounts().items():
            logs = [(n, l) for n, l in of_pid.get(pid, []) if os.path.realpath(os.fsdecode(l.exe)) == self.program]
            if len(logs) < len(lines):
                self.bad.append('process %d: %d logs, should be %d' % (pid, len(logs), len(lines)))
            for line, (name, log) in zip(lines, logs):
                self.compare(name, log, line)

    def report(self, path):
        done = subprocess.run([os.path.join(self.build, 'memtrace'), 'report', '--json', path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # A process that changed its root may have seen its program elsewhere.
        said = [line for line in done.stderr.decode().splitlines() if not (self.subject.root and ': no symbols: ' in line)]
        if done.returncode or said:
            self.bad.append('memtrace report %s: status %d: %s' % (path, done.returncode, done.stderr.decode()))

    def compare(self, name, log, account):
        functions = by_function(log, self.program, self.symbols)
        take, give = functions.get('take', [0] * 4), [0] * 4
        for function, figures in functions.items():
            if function and 'give' in function and 'unknown' not in function:
                give = [a + b for a, b in zip(give, figures)]
        takes, taken, gives, given, unknown, end = account
        seen = take[:2] + give[2:]
        unseen = log.unknown_releases + log.inherited_releases  # of a parent's blocks
        said = [takes, taken, gives, given]
        slack = self.subject.slack
        if end not in ('exec', 'exit 0'):
            slack = 'least' if slack == 'least' else slack
        if slack == 'exact':
            if seen != said:
                self.bad.append('%s: takes, taken, gives, given: %s, should be %s' % (name, seen, said))
            if (log.dropped_events, unseen) != (self.subject.dropped, unknown):
                self.bad.append('%s: %d dropped, %d unknown, should be %d and %d' % (
                    name, log.dropped_events, unseen, self.subject.dropped, unknown))
        elif slack == 'dropped':
            if seen[0] + seen[2] + log.dropped_events + unseen != takes + gives:
                self.bad.append('%s: %d takes, %d gives, %d dropped, %d unknown; should be %d, %d' % (
                    name, seen[0], seen[2], log.dropped_events, unseen, takes, gives))
            if seen[1] + log.dropped_bytes != taken:
                self.bad.append('%s: %d taken, %d dropped, should be %d' % (name, seen[1], log.dropped_bytes, taken))
        elif slack == 'least':
            if seen[0] < takes or seen[1] < taken or seen[2] < gives:
                self.bad.append('%s: takes, taken, gives, given: %s, should be at least %s' % (name, seen, said))
        kind, _, status = end.partition(' ')
        if kind == 'exit' and (log.end, log.exit_status) != (1, int(status)):
            self.bad.append('%s: end %d, status %d; should be exit %s' % (name, log.end, log.exit_status, status))
        if kind == 'exec' and log.end != 2:
            self.bad.append('%s: end %d, should be exec' % (name, log.end))
        if kind == 'any' and log.end == 2:
            self.bad.append('%s: ended by exec, it says' % name)


def main():
    arguments = sys.argv[1:]
    if '--list' in arguments:
        print('\n'.join(SUBJECTS))
        return 0
    times = 1
    if '--times' in arguments:
        at = arguments.index('--times')
        times = int(arguments[at + 1])
        del arguments[at:at + 2]
    build, names = arguments[0], arguments[1:] or list(SUBJECTS)
    worst = 0
    for name in names:
        if SUBJECTS[name].root and os.geteuid() != 0:
            print('skip  %s: only as root' % name)
            worst = worst or 77
            continue
        for _ in range(times):
            run = Run(build, name)
            try:
                status = run.go()
            except subprocess.TimeoutExpired:
                run.bad.append('it hangs')
                status = 1
            word = {0: 'ok   ', 77: 'skip '}.get(status, 'FAIL ')
            print('%s %s' % (word, name))
            for line in run.bad[:20]:
                print('      %s' % line)
            if len(run.bad) > 20:
                print('      ... and %d more' % (len(run.bad) - 20))
            sys.stdout.flush()
            worst = 1 if status == 1 else worst or status
            if status == 1 and os.environ.get('TORTURE_KEEP'):
                print('      kept: ' + run.top)
            else:
                shutil.rmtree(run.top)
            if status:
                break
    return worst


if __name__ == '__main__':
    sys.exit(main())
