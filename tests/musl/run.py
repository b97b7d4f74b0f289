#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs of musl, and families of both libcs.

    run.py BUILD PART      BUILD: the build directory, whose folder musl/ has the programs (tests.cmake)

Parts: known, the programs that know their own figures; torture, with programs that are killed; family, processes of both libcs that start each other; command, what
memtrace run does about such programs. Exit status 77: there is no musl-gcc, which makes the programs."""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.build import Build  # noqa: E402
from support.outcome import Outcome  # noqa: E402
from support.running import run  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
# Not here: what needs contexts (jumps: musl has none), C++ (there is no libstdc++ for musl in Debian), a thread's stack of more than
# musl's least (fork-small), dropped events (inside-thread-exit: musl ends a thread without unwinding it).
TORTURE = '''fork fork-threads spawn exec daemon-close daemon-closefrom daemon-taken user unshare threads threads-detached signals
signals-jump signals-fork inside-record inside-jump inside-fork inside-exit dlerror waits-before waits-join realtime holes timer
end-return end-atexit end-thread-exit end-main-pthread-exit end-quick_exit end-_exit end-_Exit end-abort end-segv end-9 end-15'''.split()
WAYS = 5  # in which family.c starts a program, two of them by a shell


def others(build, script, *arguments):
    """Another suite's driver with the programs of musl."""
    return subprocess.run([sys.executable, os.path.join(HERE, '..', script), build.path('musl'), *arguments]).returncode


def known(build):
    return others(build, 'known/run.py', 'native')


def torture(build):
    return others(build, 'torture/run.py', *TORTURE) or others(build, 'known/run.py', 'kill', 'early')


def taken(build, log):
    """The bytes that a process of family.c took in its function of that name; None: another program's log."""
    view = json.loads(build.view('sites', '--json', '-n', '0', log))
    frames = [view['frames'][view['tree'][site['node']][1]] for site in view['sites']]
    found = [site['allocated_bytes'] for site, frame in zip(view['sites'], frames) if frame['function'] == 'take']
    return found[0] if found and os.path.basename(os.path.dirname(view['program'])) == 'family' else None


def check_family(build, outcome, chain):
    """Started by a shell, which is glibc's."""
    command = ['sh', '-c', '%s; echo $?' % ' '.join(build.path('musl', 'family', name) for name in chain)]
    with tempfile.TemporaryDirectory() as folder:
        plain, traced = run(command), run(command, build.traced(os.path.join(folder, '%p.mt')))
        bad = [] if plain.status == 0 and plain.out.count('status 7') else ['not traced: %s %s' % (plain.out, plain.err)]
        if (traced.status, traced.out, traced.err) != (plain.status, plain.out.replace(', plain', ', preloaded'), plain.err):
            bad.append('not traced: %s%straced: %s%s' % (plain.out, plain.err, traced.out, traced.err))
        reports, found = {}, []
        for name in os.listdir(folder):
            log = os.path.join(folder, name)
            report, bytes_ = build.report(log), taken(build, log)
            reports.setdefault(report['pid'], []).append(report)
            if bytes_:
                found.append((bytes_, os.path.basename(report['program']), report['parent_pid']))
            bad += build.unsound(log)
            bad += ['%s: %s' % (name, note) for note in report['notes'] if 'not traced' in note]
        found.sort()
        wanted = sorted((10000 + len(chain) - depth, name) for depth, name in enumerate(chain) for _ in range(WAYS ** depth))
        if [f[:2] for f in found] != wanted:
            bad.append('logs, by bytes and program: %s, should be %s' % (found, wanted))
        bad += ['%s: its parent %d has no log' % (name, parent) for bytes_, name, parent in found
                if parent not in reports and bytes_ != 10000 + len(chain)]
        outcome.result('sh, %s: %d processes' % (', '.join(chain), len(found)), bad)


def family(build):
    outcome = Outcome()
    for chain in ('musl', 'glibc'), ('glibc', 'musl'), ('musl', 'glibc', 'musl'):
        check_family(build, outcome, chain)
    return outcome.status()


def command(build):
    outcome, program = Outcome(), build.path('musl', 'family', 'musl')
    with open(program, 'rb') as f:
        loader = re.search(rb'/[\w/.-]*ld-musl-[\w.-]+', f.read())[0].decode()
    with tempfile.TemporaryDirectory() as folder:
        for words in [program], [loader, program]:
            log = os.path.join(folder, 'log.mt')
            done = run([build.memtrace, 'run', '-o', log, *words])
            bad = [] if (done.status, done.out) == (7, program + ': 1, preloaded\n') else ['%d: %s%s' % (done.status, done.out, done.err)]
            report = build.report(log)
            if (report['exit'], report['program'], report['cut_stacks'], report['live_bytes'] >= 10001) != ({'status': None}, program, 0, True):
                bad.append('%s' % [report[key] for key in ('exit', 'program', 'cut_stacks', 'live_bytes')])
            if 'with a status that libc does not tell' not in build.view(log):
                bad.append('the report does not say that the status is not known: ' + build.view(log))
            outcome.result('memtrace run %s' % ' '.join(words), bad + build.unsound(log))
    return outcome.status()


PARTS = dict(known=known, torture=torture, family=family, command=command)


def main():
    build, part = Build(sys.argv[1]), sys.argv[2]
    if not os.path.isdir(build.path('musl', 'family')):
        print('skip: there was no musl-gcc when this was built (Debian: musl-tools)')
        return 77
    return PARTS[part](build)


if __name__ == '__main__':
    sys.exit(main())
