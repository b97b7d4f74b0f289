#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The torture suite: each program behaves the same with and without the tracker, and the log has what the program did.

BUILD is the build directory (libmemtrace.so, memtrace, torture/). Exit status 77: the subjects can't be tried here.
"""
import argparse
import bisect
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from second_reader.check import check  # noqa: E402
from second_reader.log import Log, NotALog  # noqa: E402
from support.build import Build  # noqa: E402
from support.outcome import Outcome  # noqa: E402
from support.running import HANG, clean_environment, run  # noqa: E402

REPORTS = 25  # logs of a subject that memtrace itself reads too


class Subject:
    def __init__(self, *command, slack='exact', logs=1, env=None, functions=None, folder=False, root=False, dropped=0,
                 most_threads=None):
        self.command = command
        self.slack = slack  # exact; dropped: exact if dropped events are added; least: the log may have more; jump: events may be lost
        self.logs = logs  # the least number of logs
        self.env = env or {}
        self.functions = functions or {}  # allocations by function, apart from take
        self.folder = folder  # an empty folder as last argument
        self.root = root
        self.dropped = dropped  # events, where the slack is exact
        self.most_threads = most_threads  # entries in a log: a thread that has ended gives its own back


SUBJECTS = {
    'fork': Subject('fork_many', '300', logs=331),
    'fork-many': Subject('fork_many', logs=1101),
    'fork-threads': Subject('fork_threads', '200', logs=201),
    'fork-threads-many': Subject('fork_threads', logs=501),
    'fork-small': Subject('small_fork', logs=9),
    'spawn': Subject('spawn', logs=60),
    'exec': Subject('exec', logs=10),
    'daemon-close': Subject('daemon', 'close', logs=3),
    'daemon-close_range': Subject('daemon', 'close_range', logs=3),
    'daemon-closefrom': Subject('daemon', 'closefrom', logs=3),
    'daemon-taken': Subject('daemon', 'taken', logs=3),
    'daemon-chroot': Subject('daemon', 'close', slack='least', logs=3, folder=True, root=True),
    'user': Subject('places', 'user', root=True),
    'unshare': Subject('places', 'unshare', root=True, logs=2),
    'threads': Subject('threads', '6000'),
    'threads-many': Subject('threads'),
    'threads-detached': Subject('detached', most_threads=512),
    'threads-ended': Subject('ended', most_threads=3),
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
    'waits-handler': Subject('waits', 'handler', logs=26),
    'realtime': Subject('realtime'),
    'holes': Subject('holes'),
    'timer': Subject('timer', slack='dropped'),
}
for where in ('stdio', 'before', 'after', 'join', 'loader', 'resolver', 'clone'):
    SUBJECTS['waits-' + where] = Subject('waits', where, logs=26)
for how in ('return', 'atexit', 'thread-exit', 'thread-exit-group', 'main-pthread-exit', 'quick_exit', '_exit', '_Exit', 'abort', 'segv',
            'ill', 'double-free', 'overflow', '1', '2', '9', '11', '13', '15', '24'):
    SUBJECTS['end-' + how] = Subject('ends', how)


NO_STATUS = -1 << 31  # in a log: musl does not tell the exit status
ENDED = 16  # flag: the program jumped out of the tracker, which then stopped


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
    """What the program's functions did themselves: name -> [allocations, bytes allocated, releases, bytes released]."""
    result = {}
    for (node, class_), figures in log.counters.items():
        if class_ != 0 or not node:  # what a full log has at no node is no function's
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
    """A key that sorts PID.mt, PID.2.mt by pid, then by number."""
    fields = name.split('.')
    return int(fields[0]), int(fields[1]) if len(fields) == 3 else 1


class Run:
    def __init__(self, build, name):
        self.build = Build(build)
        self.subject = SUBJECTS[name]
        self.program = os.path.realpath(self.build.path('torture', self.subject.command[0]))
        self.top = tempfile.mkdtemp(prefix='memtrace-torture-')
        self.logs_folder = os.path.join(self.top, 'logs')
        os.mkdir(self.logs_folder)
        for folder in (self.top, self.logs_folder):
            os.chmod(folder, 0o1777)
        self.account = os.path.join(self.top, 'account')
        self.symbols = Symbols(self.program)
        with open(self.program, 'rb') as f:
            self.musl = b'/ld-musl-' in f.read(4096)
        self.bad = []

    def once(self, traced):
        if os.path.exists(self.account):
            os.unlink(self.account)
        env = clean_environment(TORTURE_ACCOUNT=self.account, **self.subject.env)
        command = [self.program] + list(self.subject.command[1:])
        if self.subject.folder:
            command.append(tempfile.mkdtemp(dir=self.top))
        if traced:
            env.update(LD_PRELOAD=self.build.tracker, MEMTRACE_OUTPUT=os.path.join(self.logs_folder, '%p.mt'))
        # The output goes to a file: a daemon would hold a pipe open.
        with tempfile.TemporaryFile(dir=self.top) as out, tempfile.TemporaryFile(dir=self.top) as err:
            status = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.top,
                                    timeout=HANG).returncode
            out.seek(0), err.seek(0)
            return status, out.read().decode(), err.read().decode()

    def accounts(self):
        """pid -> lines of the account. A later line of the same log replaces the one before."""
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
                log = Log(path)
            except NotALog as e:
                self.bad.append('%s: %s' % (name, e))
                continue
            check(log)
            ended = ended or bool(log.flags & ENDED)
            if self.subject.slack != 'jump':
                self.bad += ['%s: %s' % (name, problem) for problem in log.problems]
            if self.subject.most_threads and len(log.threads) > self.subject.most_threads:
                self.bad.append('%s: %d entries of threads, should be at most %d' % (name, len(log.threads), self.subject.most_threads))
            of_pid.setdefault(number_of(name)[0], []).append((name, log))
            for function, figures in by_function(log, self.program, self.symbols).items():
                functions[function] = functions.get(function, 0) + figures[0]
            if i < REPORTS:
                self.report(path)
        for function, count in self.subject.functions.items():
            if functions.get(function) != count and not ended:
                self.bad.append('%s: %s allocations, should be %d' % (function, functions.get(function), count))
        for pid, lines in self.accounts().items():
            # Names are no order: an exec gives the first name on.
            logs = sorted(of_pid.get(pid, []), key=lambda pair: pair[1].start_real)
            logs = [(n, l) for n, l in logs if os.path.realpath(os.fsdecode(l.exe)) == self.program]
            if len(logs) < len(lines):
                self.bad.append('process %d: %d logs, should be %d' % (pid, len(logs), len(lines)))
            for line, (name, log) in zip(lines, logs):
                self.compare(name, log, line)

    def report(self, path):
        done = run([self.build.memtrace, 'report', '--json', path])
        # After chroot the program may have another path.
        said = [line for line in done.err.splitlines() if not (self.subject.root and ': no symbols: ' in line)]
        if done.status or said:
            self.bad.append('memtrace report %s: status %d: %s' % (path, done.status, done.err))

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
        if kind == 'exit' and (log.end, log.exit_status) != (1, NO_STATUS if self.musl else int(status)):
            self.bad.append('%s: end %d, status %d; should be exit %s' % (name, log.end, log.exit_status, status))
        if kind == 'exec' and log.end != 2:
            self.bad.append('%s: end %d, should be exec' % (name, log.end))
        if kind == 'any' and log.end == 2:
            self.bad.append('%s: the log says that it ended by exec' % name)


def once(outcome, build, name):
    """Whether it went well."""
    subject = Run(build, name)
    try:
        if subject.go() == 77:
            outcome.skip(name, 'it can\'t be tried here')
            return False
    except subprocess.TimeoutExpired:
        subject.bad.append('it hangs')
    good = outcome.result(name, subject.bad)
    if not good and os.environ.get('TORTURE_KEEP'):
        print('      kept: ' + subject.top)
    else:
        shutil.rmtree(subject.top)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--list', action='store_true', help='the subjects')
    parser.add_argument('--times', type=int, default=1, help='again and again, until it fails')
    parser.add_argument('build', nargs='?')
    parser.add_argument('subject', nargs='*')
    options = parser.parse_args()
    if options.list:
        print('\n'.join(SUBJECTS))
        return 0
    outcome = Outcome()
    for name in options.subject or SUBJECTS:
        if SUBJECTS[name].root and os.geteuid() != 0:
            outcome.skip(name, 'only as root')
            continue
        for _ in range(options.times):
            if not once(outcome, options.build, name):
                break
    return outcome.status()


if __name__ == '__main__':
    sys.exit(main())
