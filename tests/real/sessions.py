# SPDX-License-Identifier: MIT
"""Real programs with many processes, with and without the preload: what comes out must be the same.

    sessions.py BUILD-FOLDER [SESSION...]        make git postgres redis nginx node pool perl cpython

Each session runs twice, its whole tree of processes without the preload and with it. Results and exit statuses must be the
same; what differs from run to run anyway (process numbers, times, rates) is left out, session by session, and said there. Every
log must be readable by both readers, which must agree.

Exit status: 0 all is as it should be; 1 a difference; 77 no program of those asked for is installed (Debian: make gcc git postgresql
redis-server redis-tools nginx-light nodejs python3-numpy perl libpython3-testsuite)."""

import glob
import hashlib
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE = 900  # seconds: who takes longer is stuck
LOGS_COMPARED = 12  # by the second reader, which is slow: the largest ones
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECOND_READER = os.path.join(TESTS, 'second_reader.py')
ENVIRONMENT = {'PATH': '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin', 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC',
               'PYTHONHASHSEED': '0', 'PERL_HASH_SEED': '0', 'GIT_CONFIG_NOSYSTEM': '1', 'GIT_CONFIG_GLOBAL': '/dev/null'}
for who in 'AUTHOR', 'COMMITTER':
    ENVIRONMENT.update({'GIT_%s_NAME' % who: 'a', 'GIT_%s_EMAIL' % who: 'a@example.org', 'GIT_%s_DATE' % who: '2020-01-01T00:00:00Z'})


class Missing(Exception):
    pass


class Failed(Exception):
    pass


def program(name, *folders):
    path = shutil.which(name, path=':'.join((ENVIRONMENT['PATH'],) + folders))
    if not path:
        raise Missing(name)
    return path


class Place:
    """A fresh folder, and how to run something in it."""

    def __init__(self, folder, env):
        self.folder, self.env = folder, env

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'w') as f:
            f.write(text)
        return self.path(name)

    def run(self, *command, keep=lambda text: text, status=0, **more):
        """Both streams, through `keep`."""
        done = subprocess.run(command, cwd=self.folder, env=dict(self.env, **more), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
        if status is not None and done.returncode != status:
            raise Failed('%s: status %d\n%s\n%s' % (' '.join(command)[:200], done.returncode, done.stdout[-1500:].decode('replace'),
                                                   done.stderr[-3000:].decode('utf-8', 'replace')))
        return done.returncode, keep(done.stdout.decode('utf-8', 'replace')), keep(done.stderr.decode('utf-8', 'replace'))

    def start(self, *command):
        return subprocess.Popen(command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def stop(self, process, by):
        """Its exit status."""
        process.send_signal(by)
        _, error = process.communicate(timeout=PATIENCE)
        if b'memtrace' in error:
            raise Failed(error.decode('utf-8', 'replace'))
        return process.returncode


def wait_for(what, process):
    """Until what() is true, or the process has ended."""
    end = time.monotonic() + PATIENCE
    while not what():
        if process.poll() is not None or time.monotonic() > end:
            raise Failed('the server ended, or never began: %s' % (process.stderr.read() if process.poll() is not None else b'')[-2000:])
        time.sleep(0.02)


def digest(path):
    with open(path, 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()


def without(pattern):
    return lambda text: re.sub(pattern, '', text)


# ---- the sessions: each returns what must be the same

def session_make(place):
    """make -j4 of a C project: a library of 12 files, a program, and a test that make runs."""
    program('make'), program('gcc')
    for i in range(12):
        place.write('src/part%d.c' % i, '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <math.h>\n'
                    'struct part%d { int a[%d]; double b; };\nlong part%d(long n)\n{\n  struct part%d *p = calloc(n + 1, sizeof *p);\n'
                    '  long s = 0;\n  for (long i = 0; i <= n; i++) { p[i].b = sqrt(i * %d.0); s += (long)p[i].b + sizeof p->a; }\n'
                    '  free(p);\n  return s;\n}\n' % (i, i + 1, i, i, i + 3))
    place.write('src/main.c', '#include <stdio.h>\n' + ''.join('long part%d(long);\n' % i for i in range(12)) +
                'int main(void) { printf("%ld\\n", ' + ' + '.join('part%d(%d)' % (i, 10 * i) for i in range(12)) + '); return 0; }\n')
    place.write('Makefile', 'OBJECTS := $(patsubst %,part%.o,0 1 2 3 4 5 6 7 8 9 10 11)\nall: check\n%.o: src/%.c\n\tgcc -O2 -c -o $@ $<\n'
                'libparts.a: $(OBJECTS)\n\tar rcsD $@ $(OBJECTS)\nprogram: main.o libparts.a\n\tgcc -o $@ main.o libparts.a -lm\n'
                'check: program\n\t./program > result\n\tgrep -q . result\n')
    done = place.run('make', '-j4', keep=lambda text: sorted(text.splitlines()))
    return done, [digest(place.path(name)) for name in ('part3.o', 'libparts.a', 'program', 'result')]


def session_git(place):
    program('git')
    rng = 12345
    git = lambda *command, **more: place.run('git', *command, **more)
    out = [git('init', '-q', 'a')]
    for commit in range(12):
        for i in range(15):
            rng = rng * 6364136223846793005 + 1442695040888963407 & 2**64 - 1
            place.write('a/folder%d/file%d' % (i % 4, i), ''.join('line %d %d\n' % (j, rng >> 40 if j % 7 == commit % 7 else j)
                                                                  for j in range(400)))
        out += [git('-C', 'a', 'add', '-A'), git('-C', 'a', 'commit', '-q', '-m', 'commit %d' % commit)]
    out += [git('clone', '-q', 'file://' + place.path('a'), 'b'), git('clone', '-q', '--bare', 'a', 'c'),
            git('-C', 'b', '-c', 'gc.autoDetach=false', 'gc', '--aggressive', '--prune=now', '-q'),
            git('-C', 'b', 'fsck', '--full', '--strict'), git('-C', 'b', 'log', '--stat', '-p'),
            git('-C', 'b', 'checkout', '-q', 'HEAD~5'), git('-C', 'b', 'count-objects', '-v', keep=without('size-pack: .*')),
            git('-C', 'a', 'bundle', 'create', '-q', '../bundle', 'HEAD'), git('-C', 'c', 'grep', '-c', 'line 7', 'HEAD')]
    # The paths of the fresh folder are in some of the messages.
    return str(out).replace(place.folder, '')


def session_postgres(place):
    """initdb, a server, a short pgbench: as another user where we are root, which postgres refuses."""
    folders = tuple(sorted(glob.glob('/usr/lib/postgresql/*/bin'), reverse=True))
    initdb, server, psql, bench = (program(name, *folders) for name in ('initdb', 'postgres', 'psql', 'pgbench'))
    as_user = []
    if os.getuid() == 0:
        user = pwd.getpwnam('postgres')
        as_user = [program('setpriv'), '--reuid', str(user.pw_uid), '--regid', str(user.pw_gid), '--clear-groups']
        os.chown(place.folder, user.pw_uid, user.pw_gid)
    # Sizes of buffers hang on the memory that is free, and sockets on the folder's length.
    out = [place.run(*as_user, initdb, '-D', 'data', '-U', 'me', '--auth=trust', '-N',
                     keep=lambda text: [line for line in text.splitlines() if 'selecting' not in line and '-D data' not in line])]
    socket = tempfile.mkdtemp(prefix='pg')
    os.chmod(socket, 0o777)
    process = place.start(*as_user, server, '-D', 'data', '-k', socket, '-c', 'listen_addresses=', '-c', 'fsync=off')
    try:
        wait_for(lambda: os.path.exists(os.path.join(socket, '.s.PGSQL.5432')) and subprocess.run(
            [psql, '-h', socket, '-U', 'me', '-d', 'postgres', '-c', 'select 1'], env=ENVIRONMENT, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode == 0, process)
        common = ['-h', socket, '-U', 'me']
        out += [place.run(bench, *common, '-i', '-s', '1', '-q', 'postgres', keep=without(r'(?s).*')),
                place.run(bench, *common, '-c', '4', '-j', '2', '-t', '50', '--random-seed', '1', 'postgres',
                          keep=lambda text: re.findall('actually processed: .*', text)),
                place.run(psql, *common, '-d', 'postgres', '-At', '-c', 'select count(*), sum(abalance) from pgbench_accounts',
                          '-c', 'select count(*) from pgbench_history', '-c', 'select string_agg(md5(i::text), \'\') from generate_series(1, 3000) i',
                          '-c', 'set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0; '
                          'select count(*) from pgbench_accounts a join pgbench_accounts b using (aid)',
                          '-c', 'do $$ begin raise division_by_zero; end $$', status=None)]
    finally:
        status = place.stop(process, signal.SIGINT)  # fast shutdown
        shutil.rmtree(socket, ignore_errors=True)
    return out, status


def session_redis(place):
    """A server, its benchmark, and BGSAVE, which forks."""
    client, bench = program('redis-cli'), program('redis-benchmark')
    # One program under several names: the package with the tools holds the server too, and starts none.
    server = place.path('redis-server')
    os.symlink(program('redis-check-rdb'), server)
    socket = place.path('s')
    process = place.start(server, '--port', '0', '--unixsocket', socket, '--save', '', '--dbfilename', 'dump.rdb', '--dir', place.folder)
    try:
        wait_for(lambda: os.path.exists(socket), process)
        cli = lambda *command, **more: place.run(client, '-s', socket, *command, **more)
        place.run(bench, '-s', socket, '-q', '-n', '20000', '-c', '10', '-r', '5000', '-d', '64', '-t', 'set,get,lpush,hset')
        out = [cli('flushall'), cli('eval', 'for i = 1, 5000 do redis.call("set", "k" .. i, string.rep("v", i % 500)) end return 1', '0'),
               cli('bgsave')]
        wait_for(lambda: 'rdb_bgsave_in_progress:0' in cli('info', 'persistence')[1], process)
        out += [re.findall('rdb_last_bgsave_status:.*', cli('info', 'persistence')[1]), cli('dbsize'), cli('get', 'k4999'),
                cli('debug', 'reload', status=None), cli('dbsize'), os.path.getsize(place.path('dump.rdb')) > 1000000]
    finally:
        status = place.stop(process, signal.SIGTERM)
    return out, status


def session_nginx(place):
    """A master and two workers, 300 requests, a reload."""
    nginx = program('nginx')
    socket = place.path('s')
    place.write('www/page.html', '<p>' + 'text ' * 5000)
    os.makedirs(place.path('tmp'))
    for name in ('', 'tmp', 'www', 'www/page.html'):
        os.chmod(place.path(name), 0o777)
    place.write('conf', 'daemon off; worker_processes 2; pid %s; error_log stderr warn;\nevents { worker_connections 64; }\nhttp { access_log off; log_not_found off; '
                '%s\n server { listen unix:%s; root %s; gzip on; gzip_types *; } }\n' % (
                    place.path('pid'), ' '.join('%s_temp_path %s;' % (name, place.path('tmp/' + name)) for name in (
                        'client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')), socket, place.path('www')))
    process = place.start(nginx, '-e', 'stderr', '-c', place.path('conf'))
    out = []
    try:
        wait_for(lambda: os.path.exists(socket) and os.path.exists(place.path('pid')), process)
        for i in range(300):
            out.append(ask(socket, '/page.html' if i % 10 else '/nothing', i % 3 == 0))
            if i == 150:
                place.run(nginx, '-e', 'stderr', '-c', place.path('conf'), '-s', 'reload')
    finally:
        status = place.stop(process, signal.SIGQUIT)
    return out, status


def ask(path, page, packed):
    import socket
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(PATIENCE)
    s.connect(path)
    s.sendall(('GET %s HTTP/1.0\r\nHost: a\r\n%s\r\n' % (page, 'Accept-Encoding: gzip\r\n' if packed else '')).encode())
    answer = b''
    while True:
        data = s.recv(65536)
        if not data:
            break
        answer += data
    head, _, body = answer.partition(b'\r\n\r\n')
    return head.split(b'\r\n')[0], hashlib.sha256(body).hexdigest()


def session_node(place):
    node = program('node')
    script = place.write('script.js', '''
const { Worker, isMainThread, parentPort } = require('worker_threads');
const { execFileSync } = require('child_process'), zlib = require('zlib'), crypto = require('crypto');
function work(n) {
  let map = new Map(), text = '';
  for (let i = 0; i < n; i++) { map.set('k' + i, { i, a: [i, i * 2], s: 'x'.repeat(i % 50) }); if (i % 3 === 0) map.delete('k' + i / 3); }
  for (const [k, v] of map) text += k + v.a[1];
  return crypto.createHash('sha256').update(zlib.deflateSync(Buffer.from(text))).digest('hex');
}
if (!isMainThread) { parentPort.postMessage(work(30000)); }
else {
  console.log(work(100000));
  console.log(execFileSync(process.execPath, ['-e', 'console.log(new Array(1000).fill(7).reduce((a, b) => a + b))']).toString());
  let left = 3;
  for (let i = 0; i < 3; i++)
    new Worker(__filename).on('message', m => { console.log(m); }).on('exit', c => { if (--left === 0) { console.log('end', c); process.exitCode = 3; } });
}
''')
    return place.run(node, script, status=3)


POOL = '''
import multiprocessing as mp, os, sys
import numpy as np
def dot(n):
    a = np.arange(n * n, dtype=float).reshape(n, n) % 17
    return float(a.dot(a.T).sum()), [len(str(i)) for i in range(n)].count(2)
if __name__ == '__main__':
    big = np.ones((400, 400)) @ np.ones((400, 400))      # the library's threads are there before the fork
    for method in ('fork', 'spawn', 'forkserver'):
        with mp.get_context(method).Pool(3) as pool:
            print(method, pool.map(dot, [50, 120, 200, 300] * 4), flush=True)
        p = mp.get_context(method).Process(target=os._exit, args=(7,))
        p.start(); p.join(); print(p.exitcode)
        q = mp.get_context(method).Process(target=os.abort)
        q.start(); q.join(); print(q.exitcode)
'''


def session_pool(place):
    """multiprocessing with numpy's dot in the children, in all three ways to start them."""
    python = program('python3')
    if subprocess.run([python, '-c', 'import numpy'], stderr=subprocess.DEVNULL, env=ENVIRONMENT).returncode:
        raise Missing('numpy')
    return place.run(python, place.write('pool.py', POOL))


PERL = r'''
use strict; use warnings; use threads; use threads::shared; use Thread::Queue; use POSIX ':sys_wait_h';
my %h : shared; my $q = Thread::Queue->new(1 .. 200); $q->end;
my @t = map { threads->create(sub { while (defined(my $i = $q->dequeue)) { lock %h; $h{$i} = join ',', map { $_ * $i } 1 .. 50 } }) } 1 .. 4;
$_->join for @t; print join("\n", map { "$_ $h{$_}" } sort { $a <=> $b } keys %h), "\n";
my $n = 0; $SIG{USR1} = sub { my @a = map { "x$_" } 1 .. 100; $n++ }; for (1 .. 50) { kill USR1 => $$; } print "$n signals\n";
for my $i (1 .. 30) { my $p = fork // die; if (!$p) { my @a = (1) x 10000; exit $i } waitpid $p, 0; print $? >> 8, " " }
print `echo sub; perl -e 'print "a" x 70000' | wc -c`; pipe(my $r, my $w); if (!fork) { close $r; print $w "y" x 200000; exit } close $w; local $/; print length(<$r>), "\n"; wait;
my $deep; $deep = sub { my $x = shift; $x ? 1 + $deep->($x - 1) : 0 }; no warnings; print $deep->(20000), "\n"; eval { die { a => [1 .. 1000] } }; print scalar @{$@->{a}}, "\n";
$SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; my @x; push @x, [1 .. 10] while 1; }; print $@; kill 'TERM', $$; sleep 100;
'''


def session_perl(place):
    """Threads, signals, forks, pipes, and an end by a signal."""
    perl = program('perl')
    if subprocess.run([perl, '-Mthreads', '-e', '1'], stderr=subprocess.DEVNULL, env=ENVIRONMENT).returncode:
        raise Missing('perl with threads')
    return place.run(perl, place.write('all.pl', PERL), status=-signal.SIGTERM)


# CPython's own tests of what is hard for us.
CPYTHON = ['test_threading', 'test_thread', 'test_threading_local', 'test_signal', 'test_threadsignals', 'test_subprocess', 'test_fork1',
           'test_wait3', 'test_wait4', 'test_popen', 'test_posix', 'test_mmap', 'test_faulthandler', 'test_generators', 'test_gc']
# They look at all descriptors that a process has, and see the log's. See README.
SEEN = ['test_pass_fds_redirected', 'test_close_fds_when_max_fd_is_lowered']


def session_cpython(place):
    python = program('python3')
    if subprocess.run([python, '-c', 'import test.test_fork1'], stderr=subprocess.DEVNULL, env=ENVIRONMENT).returncode:
        raise Missing("CPython's tests")
    out = {}
    for name in CPYTHON:
        _, printed, error = place.run(python, '-m', 'unittest', '-v', 'test.' + name, status=None)
        # The lists of details at the end name what did not pass.
        bad = set(re.findall(r'^(?:FAIL|ERROR): (\w+)', error, re.M)) - set(SEEN)
        ran = re.search(r'^Ran (\d+) test', error, re.M)
        out[name] = ran and ran.group(1), sorted(bad)
    return out


SESSIONS = {name[len('session_'):]: function for name, function in list(globals().items()) if name.startswith('session_')}


# ---- around them

def environment(build, logs, traced):
    env = dict(ENVIRONMENT, HOME=logs)
    if traced:
        env.update(LD_PRELOAD=os.path.join(build, 'libmemtrace.so'), MEMTRACE_OUTPUT=os.path.join(logs, '%e.%p.mt'), MEMTRACE_QUIET='1')
    return env


def check_logs(build, logs):
    memtrace, bad, events = os.path.join(build, 'memtrace'), [], 0
    names = sorted((os.path.join(logs, name) for name in os.listdir(logs) if name.endswith('.mt')), key=os.path.getsize, reverse=True)
    for name in names:
        done = subprocess.run([memtrace, 'report', '--json', name], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            bad.append('memtrace report %s: %s' % (os.path.basename(name), done.stderr.decode()))
            continue
        report = json.loads(done.stdout)
        events += report['allocations'] + report['releases']
        if report['dropped_events'] or report['truncated']:
            bad.append('%s: %d events dropped' % (os.path.basename(name), report['dropped_events']))
    for name in names[:LOGS_COMPARED]:
        done = subprocess.run([sys.executable, SECOND_READER, '--compare', memtrace, name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            bad.append('second reader, %s: %s' % (os.path.basename(name), done.stderr.decode()[:2000]))
    if not names:
        bad.append('no log')
    return bad, '%d logs, %d events' % (len(names), events)


def first_difference(a, b):
    a, b = repr(a), repr(b)
    at = next((i for i in range(min(len(a), len(b))) if a[i] != b[i]), min(len(a), len(b)))
    return 'without ...%s\nwith    ...%s' % (a[max(0, at - 200):at + 400], b[max(0, at - 200):at + 400])


def both(build, top, session):
    """Both runs in a folder of the same name, so that names that come out are the same."""
    results, logs = [], os.path.join(top, 'logs')
    os.mkdir(logs)
    os.chmod(logs, 0o777)
    for traced in (False, True):
        folder = os.path.join(top, 'work')
        os.mkdir(folder)
        results.append(session(Place(folder, environment(build, logs, traced))))
        shutil.rmtree(folder)
    if results[0] != results[1]:
        raise Failed(first_difference(*results))
    bad, said = check_logs(build, logs)
    if bad:
        raise Failed('\n'.join(bad))
    return said


def main():
    build, chosen = os.path.abspath(sys.argv[1]), sys.argv[2:] or list(SESSIONS)
    failed, missing = [], []
    for name in chosen:
        top = tempfile.mkdtemp(prefix='session-')
        os.chmod(top, 0o777)
        try:
            print('ok    %s: %s' % (name, both(build, top, SESSIONS[name])), flush=True)
        except Missing as what:
            missing.append(name)
            print('skip  %s: no %s here' % (name, what), flush=True)
        except (Failed, subprocess.TimeoutExpired, OSError) as why:
            failed.append(name)
            print('FAIL  %s: %s' % (name, why), flush=True)
        finally:
            shutil.rmtree(top, ignore_errors=True)
    sys.exit(1 if failed else 77 if len(missing) == len(chosen) else 0)


if __name__ == '__main__':
    main()
