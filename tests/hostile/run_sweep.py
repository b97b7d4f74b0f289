#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each of the tracker's system calls is made to fail in turn: the program never notices, and every log can be read.

    run_sweep.py BUILD [WORD...]
"""
import errno
import glob
import json
import os
import signal
import sys

from common import Tests, accounts, run, said

t = Tests(sys.argv[1])
FAULTY = t.build.path('libmemtrace_faulty.so')
ERRORS = {
    'mmap': [errno.ENOMEM], 'mapfile': [errno.ENODEV, errno.ENOMEM], 'openat': [errno.EMFILE, errno.EACCES],
    'fallocate': [errno.ENOSPC, errno.EOPNOTSUPP], 'madvise': [errno.EINVAL], 'munmap': [errno.ENOMEM], 'fcntl': [errno.EMFILE],
    'ftruncate': [errno.EIO], 'prlimit64': [errno.EPERM], 'read': [errno.EIO], 'readlinkat': [errno.ENOENT],
    'getcwd': [errno.ENOENT], 'mprotect': [errno.ENOMEM], 'pwrite64': [errno.ENOSPC], 'unlinkat': [errno.EACCES],
    'close': [errno.EBADF], 'write': [errno.EPIPE], 'linkat': [errno.EACCES, errno.ENOENT],
}
OURS = os.path.basename(t.folder) + '.mt'  # a name of our own: logs that can be nowhere else go to /tmp, and so do other tests'
POINTS = 20  # where there are more calls, so many of them fail, evenly spread


def calls_of(command):
    """How often a run makes each call when none fails."""
    count = t.path('count')
    done = run(command, env=t.environment(t.path('clean.%p.mt'), FAULTY, FAULTY_COUNT=count))
    calls = {}
    with open(count) as f:
        for line in f:
            name, number = line.split()
            calls[name] = calls.get(name, 0) + int(number)
    t.check(calls['openat'] > 3 and calls['mapfile'] > 3 and calls['fallocate'] > 3 and calls['mmap'] > 3, '%s', calls)
    return done, calls


def sweep(command, most=POINTS):
    bare = t.plain(command)
    clean, calls = calls_of(command)
    t.check(clean.status == bare.status, 'status %d', clean.status)
    runs, bad = 0, []
    for call, errors in ERRORS.items():
        number = calls[call]
        points = sorted(set(1 + i * (number - 1) // max(1, min(most, number) - 1) for i in range(min(most, number))))
        for at in points:
            for error in errors:
                for last in (at, 0):
                    runs += 1
                    bad += broken(bare, command, call, at, last, error)
    for error in ERRORS['fallocate']:  # calls that only come when another failed
        bad += broken(bare, command, 'pwrite64', 1, 0, errno.ENOSPC, error)
    print('      %d runs of %s' % (runs, os.path.basename(command[0])), flush=True)
    t.check(not bad, '%d of %d runs:\n%s', len(bad), runs, '\n'.join(bad[:20]))


def broken(bare, command, call, at, last, error, *_, **more):
    what = '%s %d to %d, %s' % (call, at, last, errno.errorcode[error])
    env = t.environment(t.path('%p.' + OURS), FAULTY, FAULTY_CALL=call, FAULTY_AT=str(at), FAULTY_LAST=str(last),
                        FAULTY_ERROR=str(error), PYTHONHASHSEED='0', **more)
    done = run(command, env=env)
    bad = []
    if done.status != bare.status or said(done) != said(bare) or done.err:
        bad.append('%s: status %d, output %r, error %r' % (what, done.status, done.out[:300], done.err[:300]))
    logs = glob.glob(t.path('*.' + OURS)) + glob.glob('/tmp/*.' + OURS)
    by_pid = {'%d' % a['pid']: a for a in accounts(done)}
    for log in logs:
        bad += log_of(what, log, by_pid)
        os.remove(log)
    return bad


def log_of(what, log, by_pid):
    """What is wrong with a log: it can be read, and what its figures lack is counted as dropped. A file without a header is no log yet."""
    with open(log, 'rb') as f:
        if f.read(8) != b'memtrace':
            return []
    done = run([t.memtrace, 'report', '--json', log])
    if done.status:
        return ['%s: %s: status %d: %s' % (what, os.path.basename(log), done.status, done.err[:500])]
    account = by_pid.get(os.path.basename(log).split('.')[0])
    if not account:
        return []
    report = json.loads(done.out)
    heap, lost = report['classes']['heap'], report['dropped_events']
    found = heap['allocated_bytes'], heap['allocations'] + heap['releases']
    truth = account['allocated'], account['allocations'] + account['releases']
    if not lost and not report['unknown_releases'] and found != truth or found[0] > truth[0] or found[1] > truth[1] + lost or \
            found[0] + report['dropped_bytes'] > truth[0] + account['mapped']:
        return ['%s: %s: %s, the program says %s, dropped %d (%d bytes), unknown %d' % (
            what, os.path.basename(log), found, truth, lost, report['dropped_bytes'], report['unknown_releases'])]
    return []


def unnamed():
    """A log that gets its name late: nameless files may be refused, naming may fail, and the descriptor may be gone by then."""
    command = [work, '3000', 'errno', 'close', 'fork']
    short = [work, '3000', 'errno']
    bare, bare_short, bad, runs = t.plain(command), t.plain(short), [], 0
    for error in errno.EOPNOTSUPP, errno.EISDIR, errno.EACCES:
        bad += broken(bare, command, 'openat', 1, 0, error, MEMTRACE_MIN_PEAK='700K')
    for at in range(1, 30):
        for last in at, 0:
            runs += 4
            bad += broken(bare, command, 'openat', at, last, errno.EOPNOTSUPP, MEMTRACE_MIN_PEAK='700K')
            bad += broken(bare, command, 'pwrite64', at, last, errno.ENOSPC, MEMTRACE_MIN_PEAK='700K')
            bad += broken(bare, command, 'mapfile', at, last, errno.ENOMEM, MEMTRACE_MIN_PEAK='700K')
            if at < 5:
                bad += broken(bare_short, short, 'linkat', at, last, errno.EACCES, MEMTRACE_MIN_PEAK='700K')
    print('      %d runs' % (runs + 3), flush=True)
    t.check(not bad, '%d of them:\n%s', len(bad), '\n'.join(bad[:20]))


def files_without_name():
    """Whether the tests' file system has them (overlayfs before Linux 6.1 has not)."""
    try:
        os.close(os.open(t.folder, os.O_TMPFILE | os.O_RDWR, 0o600))
    except OSError:
        return False
    return True


def killed(command):
    """Killed at each of the tracker's system calls: a log that exists can be read and names the program."""
    bad, whole, nameless = [], 0, files_without_name()
    for at in range(1, 100000):
        done = run(command, env=t.environment(t.path('%p.' + OURS), FAULTY, FAULTY_DIE=str(at)))
        logs = glob.glob(t.path('*.' + OURS))
        for log in logs:
            told = run([t.memtrace, 'report', log])
            if told.status and (nameless or os.path.getsize(log)):
                bad.append('killed at call %d: %s: status %d: %s' % (at, os.path.basename(log), told.status, told.err[:300]))
            elif nameless and os.path.basename(command[0]) not in told.out:
                bad.append('killed at call %d: %s does not tell the program:\n%s' % (at, os.path.basename(log), told.out[:300]))
            os.remove(log)
        whole += done.status != -signal.SIGKILL
        t.check(bool(logs) or not whole, 'no log of a run that was not killed')
        if whole:
            break
    print('      %d runs' % at, flush=True)
    t.check(at > 30, 'only %d calls', at)
    t.check(not bad, '%d of them:\n%s', len(bad), '\n'.join(bad[:20]))


work = t.program('work')
t.test('work', lambda: sweep([work, '3000', 'errno']))
family = [work, '100', 'errno', 'close', 'fork', 'thread']
t.test('fork', lambda: sweep(family, 8))
t.test('family', lambda: sweep(family))
t.test('unnamed', unnamed)
t.test('killed', lambda: killed([work, '10', 'errno']))
python = [sys.executable, '-I', '-S', '-c', 'import json; print(sum(len(json.dumps([i] * i)) for i in range(100)))']
t.test('python', lambda: sweep(python, 4))
t.test('interpreter', lambda: sweep(python))
t.end()
