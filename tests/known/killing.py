# SPDX-License-Identifier: MIT
"""Programs that are killed: the log holds what they did up to that instant."""
import os
import random
import shutil
import signal
import subprocess
import sys

from common import WRONG, problem
from second_reader.check import check
from second_reader.log import Log
from support.running import Failed, run


def kill(tests):
    """A program tells through a pipe what it has done, and is killed: the log has at least that."""
    program = tests.program('known_kill')
    if not os.access(program, os.X_OK):
        tests.result('known_kill', ['%s is not there' % program])
        return
    cases = [(told, threads, None) for told in (1, 50, 1000, 20000, 60000) for threads in (1, 3)]
    # These are killed after a random number of messages and a random while; their logs are not read before.
    rng = random.Random(4)
    cases += [(int(10 ** rng.uniform(0, 4.5)), rng.choice((1, 1, 2, 3, 8)), rng.randrange(100000)) for _ in range(190)]
    bad = []
    for told, threads, spin in cases:
        try:
            kill_once(tests, program, told, threads, spin, bad)
        except WRONG as e:
            bad.append('%d told, %d threads, %r: %s: %s' % (told, threads, spin, type(e).__name__, e))
    tests.result('killed %d times' % len(cases), bad)


def kill_once(tests, program, told, threads, spin, bad):
    directory, before = tests.fresh(), len(bad)
    process = subprocess.Popen([program, str(threads)], env=tests.environment(directory), stdout=subprocess.PIPE)
    seen = [0] * threads
    size = 12  # u32 thread, u64 number of blocks so far: written after the block was allocated
    while sum(seen) < told:
        data = process.stdout.read(size)
        if len(data) < size:
            raise Failed('the program ended by itself')
        seen[int.from_bytes(data[:4], sys.byteorder)] = int.from_bytes(data[4:], sys.byteorder)
    if spin is None:  # a log is complete at any instant
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        live = os.path.join(directory, os.listdir(directory)[0])
        report = tests.build.report(live)
        line, = [l for l in report['lines'] if l['function'] == 'allocate' and l['user']]
        if not report['running'] or line['allocations'] < sum(seen):
            bad.append('while it stood still: %r' % line)
    for _ in range(spin or 0):
        pass
    process.kill()
    rest = process.stdout.read()
    process.stdout.close()
    process.wait()
    for at in range(0, len(rest) - size + 1, size):
        seen[int.from_bytes(rest[at:at + 4], sys.byteorder)] = int.from_bytes(rest[at + 4:at + size], sys.byteorder)
    log, = [os.path.join(directory, name) for name in os.listdir(directory)]
    report = tests.build.report(log)
    line, = [l for l in report['lines'] if l['function'] == 'allocate' and l['user']]
    bad += tests.build.unsound(log) if spin is None or told % 4 == 0 else []
    if report['running'] or report['exit'] is not None:
        bad.append('exit is %r, but it was killed' % report['exit'])
    if not sum(seen) <= line['allocations'] <= sum(seen) + threads:
        bad.append('%d blocks were told of, the log has %d' % (sum(seen), line['allocations']))
    if not line['allocations'] * 48 <= line['allocated_bytes'] + 48 * threads:
        bad.append('%d blocks of 48 bytes, %d bytes' % (line['allocations'], line['allocated_bytes']))
    if len(bad) == before:
        shutil.rmtree(directory)


def step(tests):
    """A program that could be killed after any instruction of some events: each state that its log has meanwhile is sound."""
    for threads in ('1', '2'):
        logs, copies = tests.fresh(), tests.fresh()
        done = run([tests.program('known_step'), tests.build.tracker, logs, copies, threads], tests.environment(logs, LD_PRELOAD=''))
        bad = [] if not done.status and not done.err else ['status %d: %s' % (done.status, done.err)]
        names, before = sorted(os.listdir(copies)), None
        for i, name in enumerate(names):
            log = Log(os.path.join(copies, name))
            totals = log.totals().values()
            now = [sum(t[key] for t in totals) for key in ('allocations', 'releases', 'temporary')]
            if before and not all(0 <= new - old <= 1 for new, old in zip(now, before)):
                bad.append('%s: %r events after %r' % (name, now, before))
            before = now
            if i % 8 == 0:
                bad += tests.build.unsound(log)
            else:
                check(log)
                bad += ['%s: %s' % (name, text) for text in log.problems]
        if len(names) < 300 or before[0] < 11:
            bad.append('%d states, %r events: nothing was tested' % (len(names), before))
        tests.result('stopped after each instruction, %s: %d states' % (threads, len(names)), bad)


def has_files_without_name(directory):
    """Whether its file system can make them: then no log has a name before there is anything in it."""
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_RDWR, 0o600))
    except OSError:
        return False
    return True


def early(tests):
    """Children of a fork that are killed while they begin their logs, or soon after: what is there of a log can be read."""
    directory = tests.fresh()
    done = run([tests.program('known_kill'), 'early', '300'], tests.environment(directory))
    logs = [os.path.join(directory, name) for name in os.listdir(directory)]
    # The parent's, and those of the 30 that came to their end.
    bad = [] if done.status == 0 and len(logs) >= 31 else ['status %d, %d logs: %s' % (done.status, len(logs), done.err)]
    names_first = not has_files_without_name(directory)
    for log in logs:
        try:
            tests.build.report(log)
        except Failed as e:
            with open(log, 'rb') as f:
                if not names_first or any(f.read()):
                    bad.append(str(e))
    tests.result('killed at the beginning: %d logs' % len(logs), bad)
