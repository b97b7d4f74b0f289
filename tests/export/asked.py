# SPDX-License-Identifier: MIT
"""What can't be: clear messages, exit status 2, and no half file."""
import gzip
import os
import resource
import signal
import subprocess

from logs import check, run, same
from support.running import run_on_terminal


def refused(logs, words, *arguments, status=2):
    done = run([logs.build.memtrace, 'export', *arguments])
    check(done.status == status and words in done.err and not done.out, 'refused with "%s"' % words, arguments, done.status, done.err, done.out[:200])


def small_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


def asked(logs):
    memtrace, log, out = logs.build.memtrace, logs.log('plain'), os.path.join(logs.folder, 'out')
    listed = run([memtrace, 'export', '--list'])
    names = [line.split()[0] for line in listed.out.splitlines()]
    check(not listed.status and {'collapsed', 'speedscope', 'pprof', 'otlp', 'perfetto', 'callgrind', 'massif', 'heaptrack', 'dhat', 'csv', 'ndjson'} == set(names)
          and '1.10' in listed.out, '--list', listed.out)
    refused(logs, 'which --format?', log)
    refused(logs, "not 'ppro'; did you mean 'pprof'?", '--format', 'ppro', log)
    refused(logs, '--metric with --format massif', '--format', 'massif', '--metric', 'live', log)
    refused(logs, '--table with --format collapsed', '--format', 'collapsed', '--table', 'sites', log)
    refused(logs, '--threads with --format csv', '--format', 'csv', '--threads', log)
    refused(logs, "not 'nothing'", '--format', 'csv', '--table', 'nothing', log)
    refused(logs, 'no filter can be given', '--format', 'csv', '--table', 'logs', '--function', 'keep', log)
    refused(logs, 'massif holds one process, and these are 3 logs', '--format', 'massif', logs.family())
    refused(logs, 'is a log: it is not overwritten', '--format', 'collapsed', '-o', log, log)
    refused(logs, 'none of these logs is of this process', '--format', 'collapsed', '--process', '1', log, status=1)
    refused(logs, 'No such file', '--format', 'collapsed', '-o', out, os.path.join(logs.folder, 'missing.mt'))
    refused(logs, 'No such file', '--format', 'collapsed', '-o', os.path.join(logs.folder, 'no', 'out'), log)
    check(not os.path.exists(out), 'no file where there is no log')
    pid = logs.build.report(logs.members()[0])['pid']
    one = run([memtrace, 'export', '--format', 'massif', '--process', str(pid), logs.family()])
    check(not one.status and 'threads family\n' in one.out, 'one of a family', one.err)
    refused(logs, 'lists each stack, and these have ', '--format', 'pprof' if 'not in this memtrace' not in listed.out else 'dhat', logs.log('deep'))
    refused(logs, 'frames, too many for a table', '--format', 'ndjson', logs.log('deep'))
    each = run([memtrace, 'export', '--format', 'massif', '-o', os.path.join(logs.folder, 'm.%p.out'), logs.family()])
    check(not each.status, 'a file for each of a family', each.err)
    for member in logs.members():
        report = logs.build.report(member)
        with open(os.path.join(logs.folder, 'm.%d.out' % report['pid'])) as file:
            check('mem_heap_B=%d\n' % report['peak_bytes'] in file.read(), 'the peak of one', member)
    plain = run([memtrace, 'export', '--format', 'dhat', log]).out
    packed = run([memtrace, 'export', '--format', 'dhat', '-o', out + '.gz', log])
    with gzip.open(out + '.gz', 'rt', encoding='utf-8') as file:
        check(not packed.status and file.read() == plain, 'packed', packed.err)
    os.remove(out + '.gz')
    # A full disk, a file that may not grow, a pipe whose reader has gone.
    refused(logs, 'No space left on device', '--format', 'collapsed', '-o', '/dev/full', log)
    with open('/dev/full', 'w') as full:
        done = subprocess.run([memtrace, 'export', '--format', 'dhat', log], stdout=full, stderr=subprocess.PIPE, text=True)
    check(done.returncode == 2 and 'standard output: No space left on device' in done.stderr, 'standard output is full', done)
    for before in None, 'what was there':
        if before:
            with open(out, 'w') as file:
                file.write(before)
        done = subprocess.run([memtrace, 'export', '--format', 'speedscope', '-o', out, log], preexec_fn=small_files, stderr=subprocess.PIPE, text=True)
        check(done.returncode == 2 and '%s: File too large' % out in done.stderr, 'a file that may not grow', done)
        same(open(out).read() if os.path.exists(out) else None, before, 'what is there then')
        same([name for name in os.listdir(logs.folder) if name.startswith('out.')], [], 'what is left beside it')
    done = subprocess.run([memtrace, 'export', '--format', 'callgrind', '-o', out + '.gz', logs.log('python')], preexec_fn=small_files, stderr=subprocess.PIPE, text=True)
    check(done.returncode == 2 and 'File too large' in done.stderr and not [name for name in os.listdir(logs.folder) if name.startswith('out.')],
          'a packed file that may not grow', done, os.listdir(logs.folder))
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([memtrace, 'export', '--format', 'ndjson', log], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    check(done.returncode == 2 and 'Broken pipe' in done.stderr, 'a pipe without a reader', done)
    # Of a binary format it is one write that fails.
    for kind in ['speedscope'] + ['otlp'] * ('not in this memtrace' not in listed.out):
        with subprocess.Popen([memtrace, 'export', '--format', kind, logs.log('python')], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as begun:
            begun.stdout.read(100)  # there is far more than a pipe holds
            begun.stdout.close()
            said = begun.stderr.read().decode()
        check(begun.returncode == 2 and 'standard output: Broken pipe' in said, 'a reader that goes', kind, said)
    # Binary formats are not for a terminal; text is.
    environment = {'HOME': logs.folder, 'TERM': 'dumb', 'PATH': os.environ['PATH']}
    if 'not in this memtrace' not in listed.out:
        status, shown = run_on_terminal([memtrace, 'export', '--format', 'pprof', log], 80, environment, logs.folder)
        check(os.waitstatus_to_exitcode(status) == 2 and 'standard output is a terminal' in shown, 'pprof on a terminal', shown[:300])
    status, shown = run_on_terminal([memtrace, 'export', '--format', 'collapsed', log], 80, environment, logs.folder)
    check(status == 0 and 'keep (plain.c:' in shown, 'text on a terminal', shown[:300])
