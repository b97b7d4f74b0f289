#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How programs end and start others: the line at exit disturbs nobody, and a child that can't load the library runs without it.

    run_ends.py BUILD [WORD...]
"""
import glob
import os
import pty
import shutil
import subprocess
import sys

from common import Skip, Tests, clean_environment, run

t = Tests(sys.argv[1])
LINE = 'live at the end'
# Debian's sh ends by _exit, which no line follows.
ENDS = ['/usr/bin/python3', '-c', 'import sys; sys.exit(3)']


def ended(command, env, stderr):
    """Its status, with that as standard error."""
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr).returncode


def broken_pipe():
    """Nobody reads standard error any more: SIGPIPE at the line would end a program that has ended well."""
    for command, more in (ENDS, {'MEMTRACE_SUMMARY': '1'}), ([t.memtrace, 'run', *ENDS], {}):
        reader, writer = os.pipe()
        os.close(reader)
        preload = {} if command[0] == t.memtrace else {'LD_PRELOAD': t.tracker}
        status = ended(command, clean_environment(MEMTRACE_OUTPUT=t.path('%p.mt'), **preload, **more), writer)
        os.close(writer)
        t.check(status == 3, '%s: status %d', command, status)


def blocked_pipe():
    """A full pipe whose reader waits for the program's end: the line is left out. A deadlock is ended from outside."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b'x' * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    done = run(['sh', '-c', 'exec "$@" 2>&%d' % writer, 'sh', *ENDS], pass_fds=(writer,),
               env=t.environment(t.path('%p.mt'), MEMTRACE_SUMMARY='1', MEMTRACE_QUIET=''))
    os.close(writer)
    os.close(reader)
    t.check(done.status == 3, 'status %d', done.status)


FAMILY = r'''
import os, subprocess, sys
for command in (['true'], ['sh', '-c', 'true; true & wait'], [sys.executable, '-c', 'pass']):
    print(subprocess.run(command, capture_output=True).stderr)
print(os.popen('sh -c true 2>&1').read(), flush=True)
if not os.fork():
    sys.exit(0)
os.wait()
'''


def descendants():
    """The line is of the program that was asked for: what it starts prints none, wherever standard error goes."""
    for command, more in ([t.memtrace, 'run', '/usr/bin/python3', '-c', FAMILY], {}), \
            (['/usr/bin/python3', '-c', FAMILY], {'LD_PRELOAD': t.tracker, 'MEMTRACE_SUMMARY': '1'}):
        done = run(command, env=clean_environment(MEMTRACE_OUTPUT=t.path('%p.mt'), **more))
        t.check((done.status, done.out) == (0, "b''\nb''\nb''\n\n"), '%d: %s', done.status, done.out)
        t.check(done.err.count(LINE) == 1 and done.err.startswith('memtrace: python3'), 'standard error: %s', done.err)


def terminal():
    """On a terminal, too, which a notebook's shell escape is."""
    said = b''
    pid, screen = pty.fork()
    if not pid:
        os.execve(ENDS[0], [ENDS[0], '-c', 'import os, sys; os.system("%s -c pass; true"); sys.exit(3)' % ENDS[0]],
                  clean_environment(MEMTRACE_OUTPUT=t.path('%p.mt'), LD_PRELOAD=t.tracker))
    try:
        while more := os.read(screen, 4096):
            said += more
    except OSError:
        pass
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    t.check(status == 3 and said.count(LINE.encode()) == 1 and said.startswith(b'memtrace: python3'), '%d: %s', status, said)


def exec_chain():
    """A process that goes on as another program is still the one that was asked for."""
    done = run([t.memtrace, 'run', 'sh', '-c', 'exec sh -c \'exec "$@"\' sh "$@"', 'sh', *ENDS], env=clean_environment(MEMTRACE_OUTPUT=t.path('%p.mt')))
    t.check(done.status == 3 and done.err.count(LINE) == 1, '%d: %s', done.status, done.err)


FOREIGN = r'''
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    char *block = malloc(1000000);
    printf("%d %s\n", block != 0, getenv("LD_PRELOAD") ? getenv("LD_PRELOAD") : "none");
    return 3;
}
'''
# Every way to start a program; the last line goes on as it.
STARTS = r'''
import ctypes, os, subprocess, sys
program, folder = sys.argv[1], os.path.dirname(sys.argv[1])
libc = ctypes.CDLL(None)
def child(function):
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        function()
        os._exit(99)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
def spawned(pid):
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
name = os.path.basename(program)
os.environ['PATH'] = folder + ':' + os.environ['PATH']
print(subprocess.run([program]).returncode, subprocess.run([name]).returncode, os.system(program) >> 8, os.popen(program).read())
child(lambda: os.execv(program, [name]))
child(lambda: os.execvp(name, [name]))
child(lambda: os.execve(os.open(program, os.O_RDONLY), [name], os.environ))
child(lambda: libc.execl(program.encode(), name.encode(), None))
child(lambda: libc.execlp(name.encode(), name.encode(), None))
child(lambda: libc.execveat(-100, program.encode(), (ctypes.c_char_p * 2)(name.encode(), None), ctypes.c_void_p.in_dll(libc, 'environ'), 0))
spawned(os.posix_spawn(program, [name], os.environ))
spawned(os.posix_spawnp(name, [name], os.environ))
spawned(os.posix_spawn(folder + '/script', ['script'], os.environ))
sys.stdout.flush()
os.execv(program, [name])
'''


def foreign():
    """Children of a libc that is not known: its loader may end a program whose preloaded library it can't link."""
    if not shutil.which('musl-gcc'):
        raise Skip('no musl-gcc')
    source, program = t.path('foreign.c'), t.path('foreign')
    with open(source, 'w') as f:
        f.write(FOREIGN)
    machine = os.uname().machine
    loader = t.path('ld-other-%s.so.1' % machine)  # musl's is known, so this one has another name
    os.symlink('/lib/ld-musl-%s.so.1' % machine, loader)
    subprocess.run(['musl-gcc', source, '-o', program, '-Wl,--dynamic-linker=' + loader], check=True)
    with open(t.path('script'), 'w') as f:
        f.write('#! %s -x\n' % program)
    os.chmod(t.path('script'), 0o755)
    done = t.both(['/usr/bin/python3', '-c', STARTS, program], t.path('log.%p.mt'))
    t.check(done.status == 3 and done.out.count('1 none') == 14, '%d: %s', done.status, done.out)
    reports = [t.sound(log) for log in glob.glob(t.path('log.*.mt'))]
    t.check(sum(report['untraced_programs'] for report in reports) == 14, '%s', [report['untraced_programs'] for report in reports])
    notes = [note for report in reports for note in report['notes'] if 'not traced' in note]
    t.check(all(t.path('') in note or 'open file' in note or note.endswith(': foreign') for note in notes), 'notes: %s', notes)
    own = t.environment(t.path('other.mt'), t.tracker + ':' + t.program('libparking.so'))
    done = run(['sh', '-c', program], env=own)
    t.check(done.out.startswith('1 ' + t.program('libparking.so')) or 'parking' in done.err,
            'another library of LD_PRELOAD is gone: %s %s', done.out, done.err)


def damaged():
    """Files that are no programs fail as they do without us."""
    with open('/bin/true', 'rb') as f:
        whole = f.read()
    names = []
    for name, content in {'empty': b'', 'short': whole[:20], 'headers': whole[:100], 'magic': b'\x7fELF', 'line': b'#!', 'blank': b'#! \n',
                          'missing': b'#!/nonexistent/interpreter\n', 'itself': b'#!%s\n' % os.fsencode(t.path('itself')),
                          'machine': whole[:18] + b'\x02\x00' + whole[20:], 'class': whole[:4] + b'\x01' + whole[5:]}.items():
        names.append(t.path(name))
        with open(t.path(name), 'wb') as f:
            f.write(content)
        os.chmod(t.path(name), 0o755)
    t.both(['/usr/bin/python3', '-c', 'import os, sys\nfor name in sys.argv[1:]:\n for start in os.execv, os.execvp:\n  pid = os.fork()\n'
            '  if not pid:\n   try: start(name, ["x"])\n   except OSError as e: print(name, e.errno, flush=True)\n   os._exit(9)\n'
            '  print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)', *names], t.path('%p.mt'), expect_err=None)


def plain_path():
    """The library lies below a folder whose name LD_PRELOAD can't hold."""
    for name in 'two words', 'with:colon':
        folder = t.path(name)
        os.mkdir(folder)
        for file in t.memtrace, t.tracker:
            shutil.copy(file, folder)
        log = t.path(name.replace(' ', '-').replace(':', '-') + '.mt')
        done = run([os.path.join(folder, 'memtrace'), 'run', '-o', log, t.program('work'), '10'], env=clean_environment(MEMTRACE_QUIET='1'))
        t.check(done.status == t.plain([t.program('work'), '10']).status and not done.err, '%d: %s', done.status, done.err)
        t.sound(log)
        again = run([os.path.join(folder, 'memtrace'), 'run', '-o', log, 'true'], env=clean_environment(MEMTRACE_QUIET='1'))
        t.check(again.status == 0 and not again.err, 'with the link there: %d: %s', again.status, again.err)
    long = run([t.memtrace, 'run', '-o', t.path('a' * 300), 'true'], env=clean_environment())
    t.check(long.status == 2 and 'too long' in long.err, '%d: %s', long.status, long.err)


t.test('a broken pipe', broken_pipe)
t.test('a blocked pipe', blocked_pipe)
t.test('descendants', descendants)
t.test('a terminal', terminal)
t.test('a chain of exec', exec_chain)
t.test('another libc', foreign)
t.test('no programs', damaged)
t.test('a path with a blank', plain_path)
t.end()
