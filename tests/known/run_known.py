#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs with known answers under the tracker: what they say of themselves against what memtrace says, to the byte.

    run_known.py BUILD [PART...]

BUILD is the build directory (libmemtrace.so, memtrace, known/). Parts: native, python, seed, kill, early, damaged; all by default.
Every log is also checked and compared by the second reader.
"""
import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
PROGRAMS = os.path.join(TESTS, 'programs')
MIB = 1 << 20
LINE_KEYS = ('allocated', 'released', 'live', 'allocations', 'releases')
RECURSIVE = ('recursion', 'ping', 'pong', 'even', 'odd', 'deep', 'down', 'first', 'second', 'third')  # more than one of their lines is on the stack at a time


class Failed(Exception):
    pass


class Tests:
    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.preload = os.path.join(self.build, 'libmemtrace.so')
        self.memtrace = os.path.join(self.build, 'memtrace')
        self.failures = self.passed = 0
        self.directory = tempfile.mkdtemp(prefix='memtrace-known-')

    def say(self, word, what, details=()):
        print('%-5s %s' % (word, what))
        details = list(details)
        for line in details[:25]:
            print('      %s' % line)
        if len(details) > 25:
            print('      ... and %d more' % (len(details) - 25))
        sys.stdout.flush()

    def skip(self, what, why):
        self.say('skip', '%s: %s' % (what, why))

    def result(self, what, bad):
        if bad:
            self.failures += 1
            self.say('FAIL', what, bad)
        else:
            self.passed += 1
            self.say('ok', what)

    # ---- running things

    def fresh(self):
        return tempfile.mkdtemp(dir=self.directory)

    def environment(self, directory):
        """Traced, with a log for each process in `directory`."""
        env = dict(os.environ, LD_PRELOAD=self.preload, MEMTRACE_PYTHON_OBJECTS='0', MEMTRACE_OUTPUT=os.path.join(directory, '%p.mt'),
                   KNOWN_TRACED='1', PYTHONDONTWRITEBYTECODE='1')
        env.pop('MEMTRACE_SUMMARY', None)
        return env

    def traced(self, command):
        """Run it; its output and its logs: (pid, name), in the order of their beginning."""
        directory = self.fresh()
        done = subprocess.run(command, env=self.environment(directory), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode or done.stderr:
            raise Failed('%s: status %d: %s' % (' '.join(command), done.returncode,
                                                done.stderr.decode('utf-8', 'replace')[:2000]))
        logs = [os.path.join(directory, name) for name in os.listdir(directory)]
        logs.sort(key=lambda log: self.report(log)['log_start_time_ns'])
        return done.stdout.decode(), [(self.pid_of(log), log) for log in logs]

    @staticmethod
    def pid_of(log):
        return int(re.match(r'(\d+)', os.path.basename(log)).group(1))

    def view(self, *arguments):
        done = subprocess.run([self.memtrace] + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode or done.stderr:
            raise Failed('memtrace %s: status %d: %s' % (' '.join(arguments), done.returncode, done.stderr.decode()))
        return done.stdout.decode()

    def report(self, log):
        return json.loads(self.view('report', '--json', log))

    def second_reader(self, log):
        done = subprocess.run([sys.executable, os.path.join(TESTS, 'second_reader.py'), '--compare', self.memtrace, log],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.stderr.decode('utf-8', 'replace').splitlines() if done.returncode else []

    def call_sites(self, name, log):
        """The call site is the caller of malloc or new: no allocator's frame stands inside of it."""
        if name.startswith(('known_rust', 'known_threads')):
            return []  # their runtime's business
        bad = []
        for site in json.loads(self.view('sites', '--json', '-n', '0', log))['sites']:
            inner = site['stack'][0]
            if site['allocations'] and any(frame['function'] == 'main' for frame in site['stack']) and \
                    os.path.basename(inner['module'] or '') != name and '__cxa' not in (inner['function'] or ''):
                bad.append('a call site in %s: %s' % (inner['module'], inner['function']))
        return bad

    # ---- comparing

    def compare(self, account, log):
        """What a program says of itself against memtrace's report."""
        report = self.report(log)
        bad = []
        if account['failures']:
            bad.append('%d checks of the program failed' % account['failures'])
        if report['dropped_events'] or report['truncated']:
            bad.append('events were dropped, or the log is cut')
        if 'unknown' in account and report['unknown_releases'] != account['unknown']:
            bad.append('unknown_releases: %d, should be %d' % (report['unknown_releases'], account['unknown']))
        inherited = [report['inherited_' + key] for key in ('bytes', 'released_bytes', 'releases')]
        if account['exact'] and inherited != account.get('inherited', [0, 0, 0]):
            bad.append('inherited: %s, should be %s' % (inherited, account['inherited']))
        if account['exact'] and account.get('inherited') and report['unknown_releases']:
            bad.append('%d releases of what was never seen' % report['unknown_releases'])
        if account['exact']:
            if report['cut_stacks'] != account['cut']:
                bad.append('%d stacks are cut, should be %d' % (report['cut_stacks'], account['cut']))
            for name, truth in account['classes'].items():
                bad += differences('class %s' % name, truth, report['classes'][name], LINE_KEYS)
            if not account['threads'] and report['peak_bytes'] != account['peak']:
                bad.append('peak: %d, should be %d' % (report['peak_bytes'], account['peak']))
        found = set()
        for truth in account['lines']:
            bad += self.compare_line(truth, account, report, found)
        if account['exact']:
            files = set(os.path.basename(l['file']) for l in account['lines'])
            for i, line in enumerate(report['lines']):
                if i not in found and line['user'] and os.path.basename(line['file']) in files:
                    bad.append('%s:%s %s has figures, and should have none' % (line['file'], line['line'], line['function']))
        bad += sums_of_functions(report, set(l['file'] for l in report['lines'] if l['user']))
        return bad

    def compare_line(self, truth, account, report, found):
        what = '%s:%d %s' % (os.path.basename(truth['file']), truth['line'], truth['function'])
        lines = [i for i, line in enumerate(report['lines']) if same_line(line, truth)]
        found.update(lines)
        figures = [truth[k] for k in LINE_KEYS]
        if not lines:
            return ['%s: not there, should have %s' % (what, figures)] if any(figures) else []
        lines = [report['lines'][i] for i in lines]
        if len(lines) > 1 and not truth['file'].endswith(('.cc', '.rs')):
            return ['%s: there %d times' % (what, len(lines))]
        # Instances of one template are functions of their own.
        merged = {k + ('' if k in ('allocations', 'releases') else '_bytes'): 0 for k in LINE_KEYS + ('at_peak',)}
        for key in merged:
            merged[key] = sum(line[key] for line in lines)
        keys = LINE_KEYS
        if 'rise' in truth:
            merged['rise_bytes'] = max(line['rise_bytes'] for line in lines)
            keys += ('rise',)
        if not account['threads'] and 'at_peak' in truth:
            keys += ('at_peak',)
        if account['exact'] and not account['threads'] and len(lines) == 1:
            merged['mem_usage_bytes'] = lines[0]['mem_usage_bytes']
            keys += ('mem_usage',)
        return differences(what, truth, merged, keys)


def same_line(line, truth):
    if line['line'] != truth['line'] or not line['file'] or os.path.basename(line['file']) != os.path.basename(truth['file']):
        return False
    if truth['file'].endswith(('.cc', '.rs')):
        return truth['function'] in (line['function'] or '')
    return line['function'] == truth['function']


def differences(what, truth, figures, keys):
    bad = []
    for key in keys:
        value = figures[key if key in ('allocations', 'releases') else key + '_bytes']
        if value != truth[key]:
            bad.append('%s: %s is %s, should be %s' % (what, key, value, truth[key]))
    return bad


def sums_of_functions(report, files):
    """The lines of a function add up to it, unless it calls itself."""
    bad = []
    for function in report['functions']:
        if function['file'] not in files or any(name in function['function'] for name in RECURSIVE):
            continue
        for key in ('allocated_bytes', 'released_bytes', 'live_bytes', 'at_peak_bytes', 'allocations', 'releases'):
            total = sum(l[key] for l in report['lines'] if l['file'] == function['file'] and
                        l['function'] == function['function'] and l['module'] == function['module'])
            if total != function[key]:
                bad.append('%s: its lines have %s %d, the function %d' % (function['function'], key, total, function[key]))
    return bad


def accounts_in(output):
    """Each process prints one."""
    decoder, accounts, output = json.JSONDecoder(), [], output.strip()
    while output:
        account, end = decoder.raw_decode(output)
        accounts.append(account)
        output = output[end:].strip()
    return accounts


# ---- C, C++, Rust

def native(tests):
    folder = os.path.join(tests.build, 'known')
    programs = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    programs = [p for p in programs if p.startswith('known_') and os.access(os.path.join(folder, p), os.X_OK) and
                not os.path.isdir(os.path.join(folder, p)) and not p.startswith('known_kill')]
    if not programs:
        tests.result('programs in %s' % folder, ['there are none: were they built?'])
    if not any(p.startswith('known_rust') for p in programs):
        tests.skip('Rust', 'the programs were built without rustc')
    for name in programs:
        for seed in (range(1, 7) if name.startswith('known_random') else ['']):
            native_run(tests, name, [os.path.join(folder, name)] + ([str(seed)] if seed else []))


def native_run(tests, name, command):
    what = ' '.join([name] + command[1:])
    try:
        plain = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if plain.returncode:
            raise Failed('not traced: status %d: %s' % (plain.returncode, plain.stderr.decode()))
        output, logs = tests.traced(command)
        accounts = accounts_in(output)
        bad = []
        if sorted(pid for pid, _ in logs) != sorted(a['pid'] for a in accounts):
            bad.append('logs of %s, accounts of %s' % ([pid for pid, _ in logs], [a['pid'] for a in accounts]))
        # A process that became another program has two, in this order.
        first = sorted(logs, key=lambda log: log[0])
        for account, (_, log) in zip(sorted(accounts, key=lambda a: a['pid']), first):
            bad += tests.compare(account, log)
        for _, log in logs:
            bad += tests.second_reader(log)
            bad += tests.call_sites(name, log)
        lines = sum(len(a['lines']) for a in accounts)
        tests.result('%s: %d lines, %d processes' % (what, lines, len(accounts)), bad)
    except (Failed, ValueError, KeyError) as e:
        tests.result(what, ['%s: %s' % (type(e).__name__, e)])


# ---- Python

def interpreters():
    """Every CPython 3.8 to 3.14 of PATH, pyenv and /usr/bin: {version: path}; and what is not there."""
    names = ['python3.%d' % minor for minor in range(8, 15)]
    root = os.environ.get('PYENV_ROOT') or os.path.expanduser('~/.pyenv')
    places = [os.path.join(root, 'versions', v, 'bin') for v in sorted(os.listdir(os.path.join(root, 'versions')))] \
        if os.path.isdir(os.path.join(root, 'versions')) else []
    places = os.environ.get('PATH', '').split(os.pathsep) + places + ['/usr/bin']
    found = {}
    for name in names:
        for place in places:
            path = os.path.join(place, name)
            if name in found or not os.access(path, os.X_OK) or 'shims' in path:
                continue
            done = subprocess.run([path, '-c', 'import sys, platform; print(platform.python_implementation(), "%d.%d" % '
                                   'sys.version_info[:2], getattr(sys, "_is_gil_enabled", lambda: True)())'],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            if done.stdout.split() == [b'CPython', name[6:].encode(), b'True']:
                found[name] = path
    return found, [name for name in names if name not in found]


def all_interpreters(tests):
    found, missing = interpreters()
    for name in missing:
        tests.skip(name, 'not on this machine')
    return sorted(found.items(), key=lambda item: int(item[0].split('.')[1]))


def has_numpy(python):
    return subprocess.run([python, '-c', 'import numpy'], stderr=subprocess.DEVNULL).returncode == 0


def python_of_numpy(tests, found):
    for path in ['/usr/bin/python3'] + [p for _, p in found]:
        if os.access(path, os.X_OK) and has_numpy(path):
            return path
    tests.skip('numpy', 'no interpreter has it')
    return None


def lines_of(report, file):
    return {(l['line'], l['function'].split('.')[-1]): l for l in report['lines']
            if l['language'] == 'Python' and os.path.basename(l['file']) == file}


def python(tests):
    """Variants of the seed example, each of which says what its lines should show."""
    found = all_interpreters(tests)
    numpy = python_of_numpy(tests, found)
    runs = [(name, path, 'bytearray') for name, path in found]
    if numpy:
        runs.append((numpy, numpy, 'numpy'))
    for name, path, kind in runs:
        what = 'known_python.py, %s, %s' % (kind, name)
        try:
            output, logs = tests.traced([path, os.path.join(PROGRAMS, 'known_python.py'), kind])
            account = json.loads(output)
            (_, log), = logs
            bad = compare_python(tests, account, tests.report(log)) + tests.second_reader(log)
            tests.result('%s: %d lines' % (what, len(account['lines'])), bad)
        except (Failed, ValueError, KeyError) as e:
            tests.result(what, ['%s: %s' % (type(e).__name__, e)])


def compare_python(tests, account, report):
    """Of each line what the program says of it. An array is of known bytes, but the objects round it are the interpreter's
    business: figures are right if they are within `slack` bytes."""
    bad = []
    lines = lines_of(report, 'known_python.py')
    slack = account['slack']
    bad += sums_of_functions(report, set(l['file'] for l in report['lines'] if l['user']))
    for truth in account['lines']:
        line = lines.get((truth['line'], truth['function']))
        what = '%s:%d' % (truth['function'], truth['line'])
        if not line:
            bad.append('%s: not there' % what)
            continue
        for key, value in truth.items():
            if key in ('line', 'function'):
                continue
            if not -slack <= line[key] - value <= slack:
                bad.append('%s: %s is %d, should be %d' % (what, key, line[key], value))
    return bad


# ---- the seed example

def seed(tests):
    found = all_interpreters(tests)
    numpy = python_of_numpy(tests, found)
    example = os.path.join(PROGRAMS, 'mem_test.py')
    source = open(example).read()
    make = number_of(source, 'return np.ones')
    calls = [i for i, line in enumerate(source.splitlines(), 1) if line == '    make_a_large_array()']
    if len(calls) != 3:
        tests.result('mem_test.py', ['its main has %d calls, not 3' % len(calls)])
        return
    twice = source.rstrip('\n') + '\n    main()\n'
    by_bytes = source.replace('import numpy as np', '').replace('np.ones((1000, 1000))', 'bytearray(8000000 - 1)')
    if numpy:
        seed_run(tests, numpy, 'numpy', source, make, calls, 1)
        seed_run(tests, numpy, 'numpy, main() twice', twice, make, calls, 2)
    for name, path in found:
        seed_run(tests, path, '%s, bytearray' % name, by_bytes, make, calls, 1)
        seed_run(tests, path, '%s, bytearray, main() twice' % name,
                 by_bytes.rstrip('\n') + '\n    main()\n', make, calls, 2)


def number_of(source, text):
    return next(i for i, line in enumerate(source.splitlines(), 1) if text in line)


def seed_run(tests, path, what, source, make, calls, times):
    what = 'seed example, %s' % what
    try:
        script = os.path.join(tests.fresh(), 'mem_test.py')
        with open(script, 'w') as f:
            f.write(source)
        _, logs = tests.traced([path, script])
        (_, log), = logs
        report = tests.report(log)
        lines = lines_of(report, 'mem_test.py')
        bad = tests.second_reader(log)
        for number in calls:
            line = lines[number, 'main']
            bad += expect('main:%d' % number, line, rise_bytes=8000000, increment_bytes=0, allocations=times,
                          allocated_bytes=8000000 * times, released_bytes=8000000 * times)
        bad += expect('make_a_large_array:%d' % make, lines[make, 'make_a_large_array'], rise_bytes=8000000,
                      allocations=3 * times, allocated_bytes=24000000 * times, released_bytes=0)
        bad += mprun(tests, log, make, calls, times)
        tests.result(what, bad)
    except (Failed, ValueError, KeyError) as e:
        tests.result(what, ['%s: %s' % (type(e).__name__, e)])


def expect(what, line, **figures):
    return ['%s: %s is %s, should be %s' % (what, key, line[key], value)
            for key, value in figures.items() if line[key] != value]


def mprun(tests, log, make, calls, times):
    """%mprun's table: Line #, Mem usage, Increment, Occurrences, Line Contents."""
    bad = []
    for function, numbers in (('main', calls), ('make_a_large_array', [make])):
        text = tests.view('lines', '--mprun', '-f', function, log)
        if not re.search(r'^Filename: .*mem_test\.py\n\nLine #    Mem usage    Increment  Occurrences   Line Contents\n={61}$',
                         text, re.M):
            bad.append('--mprun -f %s: not the template: %r' % (function, text[:200]))
        rows = {}
        for line in text.splitlines():
            row = re.match(r' *(\d+) +(-?[\d.]+) MiB +(-?[\d.]+) MiB +(\d+)   ', line)
            if row:
                rows[int(row.group(1))] = (float(row.group(3)), int(row.group(4)))
        for number in numbers:
            increment = 0.0 if function == 'main' else 22.9 * times
            expected = (increment, times if function == 'main' else 3 * times)
            if number not in rows or abs(rows[number][0] - expected[0]) > 0.051 or rows[number][1] != expected[1]:
                bad.append('--mprun: line %d shows %s, should be %s' % (number, rows.get(number), expected))
    return bad


# ---- killed

def kill(tests):
    """A program that tells what it has done through a pipe is killed at some instant: the log has at least that."""
    program = os.path.join(tests.build, 'known', 'known_kill')
    if not os.access(program, os.X_OK):
        tests.result('known_kill', ['%s is not there' % program])
        return
    cases = [(told, threads, None) for told in (1, 50, 1000, 20000, 60000) for threads in (1, 3)]
    # And without looking at the log before, at instants that nobody chose: a number of messages, then some more work of ours.
    rng = random.Random(4)
    cases += [(int(10 ** rng.uniform(0, 4.5)), rng.choice((1, 1, 2, 3, 8)), rng.randrange(100000)) for _ in range(190)]
    bad = []
    for told, threads, spin in cases:
        try:
            kill_once(tests, program, told, threads, spin, bad)
        except (Failed, ValueError, KeyError) as e:
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
    if spin is None:  # a log is complete at any instant: this one is read while it is written
        live = os.path.join(directory, os.listdir(directory)[0])
        report = tests.report(live)
        line, = [l for l in report['lines'] if l['function'] == 'allocate' and l['user']]
        if not report['running'] or line['allocations'] < sum(seen):
            bad.append('while it ran: %r' % line)
    for _ in range(spin or 0):
        pass
    process.kill()
    rest = process.stdout.read()
    process.stdout.close()
    process.wait()
    for at in range(0, len(rest) - size + 1, size):
        seen[int.from_bytes(rest[at:at + 4], sys.byteorder)] = int.from_bytes(rest[at + 4:at + size], sys.byteorder)
    log, = [os.path.join(directory, name) for name in os.listdir(directory)]
    report = tests.report(log)
    line, = [l for l in report['lines'] if l['function'] == 'allocate' and l['user']]
    bad += tests.second_reader(log) if spin is None or told % 4 == 0 else []
    if report['running'] or report['exit'] is not None:
        bad.append('exit is %r, but it was killed' % report['exit'])
    if not sum(seen) <= line['allocations'] <= sum(seen) + threads:
        bad.append('%d blocks were told of, the log has %d' % (sum(seen), line['allocations']))
    if not line['allocations'] * 48 <= line['allocated_bytes'] + 48 * threads:
        bad.append('%d blocks of 48 bytes, %d bytes' % (line['allocations'], line['allocated_bytes']))
    if len(bad) == before:
        shutil.rmtree(directory)


def has_files_without_name(directory):
    """Whether its file system can make them: then no log has a name before there is anything in it."""
    try:
        os.close(os.open(directory, os.O_TMPFILE | os.O_RDWR, 0o600))
    except OSError:
        return False
    return True


def kill_early(tests):
    """Children of a fork that are killed while they begin their logs: what is there of a log can be read."""
    program = os.path.join(tests.build, 'known', 'known_kill')
    directory = tests.fresh()
    done = subprocess.run([program, 'early', '300'], env=tests.environment(directory), stdout=subprocess.PIPE)
    logs = [os.path.join(directory, name) for name in os.listdir(directory)]
    bad = [] if done.returncode == 0 and len(logs) > 1 else ['status %d, %d logs' % (done.returncode, len(logs))]
    names_first = not has_files_without_name(directory)
    for log in logs:
        try:
            tests.report(log)
        except Failed as e:
            with open(log, 'rb') as f:
                if not names_first or any(f.read()):
                    bad.append(str(e))
    tests.result('killed at the beginning: %d logs' % len(logs), bad)


# ---- damaged, cut, empty and foreign files

def damaged(tests):
    program = next((os.path.join(tests.build, 'known', p) for p in sorted(os.listdir(os.path.join(tests.build, 'known')))
                    if p.startswith('known_stack')), None)
    _, logs = tests.traced([program])
    (_, log), = logs
    with open(log, 'rb') as f:
        good = f.read()
    cases = [
        ('empty', b'', False), ('one byte', b'm', False), ('magic alone', good[:8], False),
        ('half a header', good[:4096], False), ('text', b'Line #    Mem usage\n' * 1000, False),
        ('an ELF file', open(tests.preload, 'rb').read(), False), ('zeros', bytes(len(good)), False),
        ('another version', good[:8] + b'\2\0\0\0' + good[12:], False),
        ('the other byte order', good[:16] + b'\1\2\3\4' + good[20:], False),
        ('cut in the middle', good[:len(good) // 2], True), ('cut by a page', good[:-4096], True),
        ('the header alone', good[:8192], True),
        ('an extent far away', good[:1024] + b'\xff' * 7 + b'\0' + good[1032:], True),
        ('a region that is not known', good[:1036] + b'\x63\0\0\0' + good[1040:], True),
    ]
    for what, data, readable in cases:
        name = os.path.join(tests.fresh(), 'damaged.mt')
        with open(name, 'wb') as f:
            f.write(data)
        tests.result('damaged: %s' % what, damaged_case(tests, name, readable))
    tests.result('damaged: a file that is not there', damaged_case(tests, os.path.join(tests.fresh(), 'none.mt'), False, ''))
    tests.result('damaged: a directory', damaged_case(tests, tests.fresh(), False, ''))
    garbled(tests, good)
    caught(tests, good)


def damaged_case(tests, name, readable, place='offset [0-9]+: '):
    bad = []
    for verb in (['report'], ['report', '--json'], ['lines'], ['sites'], ['sites', '--json']):
        done = subprocess.run([tests.memtrace] + verb + [name], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        error = done.stderr.decode('utf-8', 'replace')
        if done.returncode != 2:
            bad.append('%s: status %d, should be 2: %s' % (' '.join(verb), done.returncode, error))
        if not re.match(r'memtrace: %s: %s\S' % (re.escape(name), place), error):
            bad.append('%s: says %r' % (' '.join(verb), error))
        if done.stdout.strip() and not readable:
            bad.append('%s: %d bytes of output, should be none' % (' '.join(verb), len(done.stdout)))
        if readable and not done.stdout.strip() and (verb == ['report'] or '--json' in verb):
            bad.append('%s: shows nothing of what is readable' % ' '.join(verb))
        if readable and '--json' in verb and done.stdout:
            json.loads(done.stdout.decode())
    return bad


def garbled(tests, good):
    """Bytes changed here and there: any message, any figures, but an end in order."""
    state, bad, name = 12345, [], os.path.join(tests.fresh(), 'garbled.mt')
    used = [i for i in range(len(good)) if good[i]]
    for case in range(60):
        data = bytearray(good)
        for _ in range(1 + case % 8):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            data[used[(state >> 33) % len(used)]] = state >> 24 & 255
        with open(name, 'wb') as f:
            f.write(data)
        for verb in (['report', '--json'], ['report'], ['sites']):
            done = subprocess.run([tests.memtrace] + verb + [name], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            # Status 0 may come with a warning, of a module whose name or build-id is another now.
            if done.returncode not in (0, 2) or done.returncode == 2 and not done.stderr or \
                    re.search(rb'[\0-\10\13-\37\177]', done.stdout + done.stderr):
                bad.append('case %d: %s: status %d: %s' % (case, verb, done.returncode, done.stderr[-300:]))
            if verb == ['report', '--json'] and done.stdout:
                json.loads(done.stdout.decode())
    tests.result('damaged: bytes changed at random', bad)


def caught(tests, good):
    """The second reader finds figures that do not add up."""
    bad, name = [], os.path.join(tests.fresh(), 'wrong.mt')
    node = next(i for i in range(1024, 8192, 16) if good[i + 12] == 1)  # the first extent of NODE
    nodes = int.from_bytes(good[node:node + 8], sys.byteorder)
    for what, at in (('level', 72), ('peak', 80), ('at_peak', 100), ('level of heap', 104), ('peak_seq', 96),
                     ('entries of NODE', 226), ('extents_used', 288), ('parent of node 1', nodes + 32),
                     ('frame of node 2', nodes + 64 + 7)):
        data = bytearray(good)
        data[at] ^= 1
        with open(name, 'wb') as f:
            f.write(data)
        done = subprocess.run([sys.executable, os.path.join(TESTS, 'second_reader.py'), name],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode not in (1, 2) or b'Traceback' in done.stderr:
            bad.append('%s is wrong, and the second reader says %d %s' % (what, done.returncode, done.stderr.decode()[-300:]))
    tests.result('damaged: figures that do not add up, by the second reader', bad)


PARTS = dict(native=native, python=python, seed=seed, kill=kill, early=kill_early, damaged=damaged)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('part', nargs='*', choices=[[]] + sorted(PARTS))
    parser.add_argument('--keep', action='store_true', help='keep the logs')
    args = parser.parse_args()
    tests = Tests(args.build)
    for part in args.part or PARTS:
        PARTS[part](tests)
    if args.keep or tests.failures:
        print('logs: %s' % tests.directory)
    else:
        shutil.rmtree(tests.directory)
    print('%d passed, %d failed' % (tests.passed, tests.failures))
    sys.exit(tests.failures != 0)


if __name__ == '__main__':
    main()
