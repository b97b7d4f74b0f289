#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Logs without room, and logs that others tamper with: the program never notices, and what is missing is counted.

    run_log.py BUILD [WORD...]      (only tests with one of the words in their names)
"""
import glob
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading

from common import HANG, Skip, Tests, accounts, run
from second_reader.log import Log, NotALog

STACKS = '8000'  # a log of 4 MB
t = Tests(sys.argv[1])
work = t.program('work')


def full_tmpfs():
    """The log fills the disk."""
    at = t.mount('-t', 'tmpfs', '-o', 'size=1m', 'none')
    done = t.both([work, STACKS, 'errno'], os.path.join(at, 'x.mt'))
    t.exact(os.path.join(at, 'x.mt'), accounts(done)[0], full=True)
    t.check(os.path.getsize(os.path.join(at, 'x.mt')) > 900000, 'the space there was is not used')


def full_by_others():
    """The disk is full before the log begins: it goes elsewhere, and says so."""
    at = t.mount('-t', 'tmpfs', '-o', 'size=64k', 'none')
    with open(os.path.join(at, 'filler'), 'wb') as f:
        try:
            f.write(bytes(1 << 20))
        except OSError:
            pass
    elsewhere([work, '2000'], os.path.join(at, '%p.full.mt'), '.full.mt', 'no space is left')
    t.check(os.listdir(at) == ['filler'], 'litter: %s', os.listdir(at))


def elsewhere(command, output, suffix, why, **more):
    """The log is in /tmp, and the report says why."""
    done = t.both(command, output, **more)
    account = accounts(done)[0]
    log = '/tmp/%d%s' % (account['pid'], suffix)
    try:
        report = t.exact(log, account)
        t.check(any('/tmp' in note and why in note for note in report['notes']), 'notes: %s', report['notes'])
    finally:
        if os.path.exists(log):
            os.remove(log)


def small_disk(mkfs, options='loop'):
    """A real file system that is too small. ext3 has no fallocate: space is reserved by writing."""
    at = t.image(mkfs, 2 << 20, options)
    done = t.both([work, STACKS, 'errno'], os.path.join(at, 'x.mt'))
    t.exact(os.path.join(at, 'x.mt'), accounts(done)[0], full=True)


def no_fallocate():
    at = t.image(['mkfs.ext3', '-q', '-b', '1024'], 32 << 20)
    done = t.both([work, '10000'], os.path.join(at, 'x.mt'))
    t.exact(os.path.join(at, 'x.mt'), accounts(done)[0])


def quota():
    """A user's quota is used up while the disk has room."""
    for tool in ('setquota', 'quotaon'):
        if not shutil.which(tool, path='/usr/sbin:/sbin'):
            raise Skip('%s is not here' % tool)
    at = t.image(['mkfs.ext4', '-q', '-O', 'quota', '-E', 'quotatype=usrquota'], 32 << 20, 'loop,usrquota')
    if subprocess.run(['/usr/sbin/setquota', '-u', '1234', '1000', '1000', '0', '0', at]).returncode:
        raise Skip('no quota here')
    os.chmod(at, 0o777)
    log = os.path.join(at, 'x.mt')
    done = t.both([work, STACKS], log, user=1234)
    t.exact(log, accounts(done)[0], full=True)
    t.check(os.path.getsize(log) <= 1000 << 10, 'the log has %d bytes', os.path.getsize(log))


def file_limit(limit):
    """RLIMIT_FSIZE: the log grows as far as it may, and raises no SIGXFSZ."""
    log = t.path('x.mt')
    done = t.both([work, STACKS, 'limit', str(limit), 'errno'], log)
    t.exact(log, accounts(done)[0], full=True)


def file_limit_own_write():
    """A SIGXFSZ that the program causes itself arrives as ever."""
    log = t.path('x.mt')
    command = [work, STACKS, 'limit', '50000', 'write', t.path('file')]
    bare = t.plain(command)
    traced = run(command, env=t.environment(log))
    t.check(bare.status == traced.status == -signal.SIGXFSZ, 'ended by %d, %d', bare.status, traced.status)
    t.sound(log)


def file_limit_from_start():
    import resource
    for room in (4096, 8192, 40959):
        def tight():
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        t.both([work, '2000'], t.path('x.mt'), preexec_fn=tight)
        t.check(not os.path.exists(t.path('x.mt')), 'litter')
        said = run([work, '10'], env=t.environment(t.path('x.mt'), MEMTRACE_SUMMARY='1'), preexec_fn=tight)
        t.check('file sizes' in said.err, 'the message: %r', said.err)


def totals_alone():
    """There is room for what a log begins with and for nothing else, no thread's entry even: no event has a call site, all count."""
    import resource
    log = t.path('x.mt')
    done = t.both([work, '2000', 'thread'], log, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (49152, 49152)))
    report = t.exact(log, accounts(done)[0], full=True)
    t.check(report['unattributed_allocations'] == report['allocations'] and not report['lines'], '%s', t.brief(report))


def same_levels():
    """The levels are those of a log that has space."""
    limited, free = [], []
    for cap, found in (('100K', limited), ('1G', free)):
        done = run([work, STACKS], env=t.environment(t.path(cap + '.mt'), MEMTRACE_MAX_LOG=cap))
        report = t.exact(t.path(cap + '.mt'), accounts(done)[0], full=cap == '100K')
        found += [report[key] for key in ('peak_bytes', 'live_bytes', 'leaked_bytes', 'allocated_bytes', 'released_bytes', 'allocations', 'releases')]
        found.append(report['classes'])
    t.check(limited == free, 'limited: %s\nfree: %s', limited, free)


def mappings():
    """The same of mappings of all classes, and of what stays mapped and is given back."""
    figures = []
    for cap in '1', '1G':
        log = t.path(cap + '.mt')
        done = run([t.build.path('known', 'known_protect-O0')], env=t.environment(log, MEMTRACE_MAX_LOG=cap))
        t.check(not done.status, 'status %d: %s', done.status, done.err)
        report = t.sound(log)
        t.check(not report['dropped_events'], 'dropped events: %s', t.brief(report))
        figures.append([report[key] for key in ('peak_bytes', 'live_bytes', 'discarded_bytes', 'classes')])
    t.check(figures[0] == figures[1] and figures[0][2], 'limited: %s\nfree: %s', *figures)


def size_cap(value, most, full=True):
    log = t.path('x.mt')
    done = t.both([work, STACKS if full else '1000', 'errno'], log, env={'MEMTRACE_MAX_LOG': value})
    t.exact(log, accounts(done)[0], full=full)
    size = os.path.getsize(log)
    t.check(size <= most, 'the log has %d bytes', size)
    t.check(not full or size > most - (64 << 10) or most < 200000, 'the log has only %d bytes', size)


def removed():
    """The log is removed while it is written. It can still be read by another name."""
    log, kept = t.path('x.mt'), t.path('kept')
    command = [work, STACKS, 'link', log, kept, 'unlink', log]
    done = run(command, env=t.environment(log))
    t.check(done.status == 42 and not done.err, 'status %d: %s', done.status, done.err)
    t.check(not os.path.exists(log), 'it is back')
    t.exact(kept, accounts(done)[0])


def removed_and_closed():
    """The log is removed and its descriptor closed: it can't grow, and what it holds stays right."""
    log, kept = t.path('x.mt'), t.path('kept')
    done = run([work, STACKS, 'link', log, kept, 'unlink', log, 'close', 'errno'], env=t.environment(log))
    t.check(done.status == 42 and not done.err, 'status %d: %s', done.status, done.err)
    t.exact(kept, accounts(done)[0], full=True)


def replaced():
    """The log is removed, and another file takes its name: that file is not touched."""
    log, kept = t.path('x.mt'), t.path('kept')
    done = run([work, STACKS, 'link', log, kept, 'unlink', log, 'write', log, 'close'], env=t.environment(log))
    t.check(done.status == 42 and not done.err, 'status %d: %s', done.status, done.err)
    with open(log, 'rb') as f:
        t.check(f.read() == bytes(100000), 'the program\'s own file was written to')
    t.exact(kept, accounts(done)[0], full=True)


def closed():
    """All descriptors are closed again and again: the log is found by its name."""
    log = t.path('x.mt')
    done = t.both([work, STACKS, 'close', 'errno', 'close'], log)
    t.exact(log, accounts(done)[0])


def folder_gone():
    """The working folder is removed before the start."""
    def gone():
        os.makedirs(t.path('gone'), exist_ok=True)
        os.chdir(t.path('gone'))
        os.rmdir(t.path('gone'))
    elsewhere([work, '2000'], '%p.gone.mt', '.gone.mt', 'no such folder', preexec_fn=gone)


def folder_vanishes():
    """The log is unlinked before the fork: the child may take its name."""
    folder = t.path('folder')
    os.mkdir(folder)
    log, kept = os.path.join(folder, 'x.mt'), t.path('kept')
    command = [work, STACKS, 'link', log, kept, 'unlink', log, 'fork']
    done = run(command, env=t.environment(log))
    child, parent = accounts(done)
    t.check(done.status == 42 and not done.err, 'status %d: %s', done.status, done.err)
    t.exact(kept, parent)
    t.exact(log, child)  # its name was free again


def read_only():
    at = t.mount('-t', 'tmpfs', '-o', 'size=64k,ro', 'none')
    elsewhere([work, '2000'], os.path.join(at, '%p.ro.mt'), '.ro.mt', 'read-only')
    elsewhere([work, '2000'], '%p.ro.mt', '.ro.mt', 'read-only', cwd=at)


def namespaces():
    """Two programs with the same name and number in one folder at the same time."""
    if os.geteuid() != 0 or subprocess.run(['unshare', '-p', '-f', 'true'], stderr=subprocess.DEVNULL).returncode:
        raise Skip('no new process namespaces here')
    env = t.environment(None)
    preload = env.pop('LD_PRELOAD')  # unshare is not to be traced
    command = ['unshare', '-p', '-f', 'env', 'LD_PRELOAD=' + preload, work, STACKS]
    running = [subprocess.Popen(command, env=env, cwd=t.current, stdout=subprocess.PIPE) for _ in range(3)]
    said = [Done(p) for p in running]
    t.check([d.status for d in said] == [42] * 3, 'status')
    logs = sorted(glob.glob(t.path('memtrace.work.1*.mt')))
    t.check(len(logs) == 3, 'logs: %s', os.listdir(t.current))
    for log in logs:
        t.exact(log, said[0].account)


class Done:
    def __init__(self, process):
        out, _ = process.communicate(timeout=HANG)
        self.status = process.returncode
        self.account = json.loads(out.decode())


def mode():
    """The mode is 0600 whatever the umask is. A file that is there already is never written to."""
    log = t.path('x.mt')
    with open(log, 'w') as f:
        f.write('mine')
    done = t.both([work, '2000'], log, before=lambda: os.umask(0))
    os.umask(0o022)
    with open(log) as f:
        t.check(f.read() == 'mine', 'a file that was there is overwritten')
    t.exact(t.path('x.2.mt'), accounts(done)[0])
    mode = stat.S_IMODE(os.stat(t.path('x.2.mt')).st_mode)
    t.check(mode == 0o600, 'mode %o', mode)


def last_link():
    """A symbolic link with the log's name is not followed, wherever it leads."""
    os.symlink(t.path('target'), t.path('x.mt'))
    done = t.both([work, '2000'], t.path('x.mt'))
    t.check(not os.path.exists(t.path('target')), 'written through the link')
    t.exact(t.path('x.2.mt'), accounts(done)[0])


def sticky_link():
    """Another user's link to a folder, in a folder like /tmp."""
    if os.geteuid() != 0:
        raise Skip('giving files away takes root')
    sticky, target = t.path('sticky'), t.path('target')
    os.mkdir(sticky)
    os.chmod(sticky, 0o1777)
    os.mkdir(target)
    os.symlink(target, os.path.join(sticky, 'link'))
    done = t.both([work, '2000'], os.path.join(sticky, 'link', 'own.mt'))  # our own: fine
    t.exact(os.path.join(target, 'own.mt'), accounts(done)[0])
    os.symlink('../target', os.path.join(sticky, 'other'))
    os.symlink('sticky/other', t.path('further'))
    os.lchown(os.path.join(sticky, 'other'), 1234, 1234)
    for path in (os.path.join(sticky, 'other'), t.path('further')):
        elsewhere([work, '2000'], os.path.join(path, '%p.link.mt'), '.link.mt', 'link is in its way')
    t.check(os.listdir(target) == ['own.mt'], 'written through it: %s', os.listdir(target))
    os.symlink('loop', t.path('loop'))
    elsewhere([work, '2000'], t.path('loop', '%p.loop.mt'), '.loop.mt', '')


def odd_names():
    """Environment values are bounded and checked."""
    for output in ('x' * 3000, 'y' * 100000, '%%%q%e%', '/dev/null', '/dev/full/x', t.current, t.current + '/', '', '%n%s%s%x'):
        os.makedirs(t.path('folder'), exist_ok=True)
        done = t.both([work, '100'], output, cwd=t.path('folder'), env={'MEMTRACE_MAX_LOG': 'x' * 1000 if len(output) % 2 else '99999999999999999999999'})
        for litter in glob.glob('/dev/null?*') + glob.glob('/tmp/*.mt') + glob.glob('/tmp/memtrace.work.*') + glob.glob('/tmp/x*'):
            if is_log_of(litter, accounts(done)[0]['pid']):
                os.remove(litter)


def is_log_of(path, pid):
    """Other tests may write there, too."""
    try:
        return os.path.isfile(path) and Log(path).pid == pid
    except (NotALog, OSError):
        return False


def privileged():
    """A process with more rights than its user has writes no log where the user chose."""
    if os.geteuid() != 0:
        raise Skip('changing the user takes root')
    log = t.path('%p.mt')
    done = t.both([work, '2000', 'user', '1234', 'fork'], log)
    child, parent = accounts(done)
    t.exact(t.path('%d.mt' % parent['pid']), parent)
    t.check(not os.path.exists(t.path('%d.mt' % child['pid'])) and not glob.glob('/tmp/%d.mt' % child['pid']),
            'the child has a log')


def thread_in_child():
    """A fork child's libc may map memory where its parent's log was. That mapping stays."""
    done = t.both([work, STACKS, 'thread'], t.path('%p.mt'))
    t.exact(t.path('%d.mt' % accounts(done)[0]['pid']), accounts(done)[0])


def fork_full():
    """A fork while the disk is full: the child's log takes the room that is left, or goes elsewhere."""
    at = t.mount('-t', 'tmpfs', '-o', 'size=2m', 'none')
    done = t.both([work, STACKS, 'fork', 'close', 'fork'], os.path.join(at, '%p.fork.mt'))
    *children, parent = accounts(done)
    t.exact(os.path.join(at, '%d.fork.mt' % parent['pid']), parent, full=True)
    for account in children:
        somewhere(at, account, '.fork.mt')


PYTHON_FORK = '''
import json, os
kept = [json.loads(json.dumps({str(k): [k, "x" * k] for k in range(100)})) for i in range(20)]
if not os.fork():
    block = bytearray(100000)
    os._exit(0)
os.wait()
'''


def python_fork_full():
    """The child of a Python program whose log is full has room in its own, and its lines from the first one on."""
    log = t.path('%p.python.mt')
    done = run([sys.executable, '-I', '-S', '-c', PYTHON_FORK], env=t.environment(log, MEMTRACE_MAX_LOG='300000', PYTHONHASHSEED='0'))
    t.check(done.status == 0 and not done.err, 'status %d: %s', done.status, done.err)
    reports = [json.loads(run([t.memtrace, 'report', '--json', name]).out) for name in glob.glob(t.path('*.python.mt'))]
    full = [any('call site is not known' in note for note in report['notes']) for report in reports]
    t.check(sorted(full) == [False, True], 'which logs are full: %s', full)
    child = reports[full.index(False)]
    t.check(not child['python_missed'], '%d stacks lack their Python frames', child['python_missed'])
    lines = [line['allocated_bytes'] for line in child['lines'] if line['language'] == 'Python' and line['line'] == 5]
    t.check(len(lines) == 1 and lines[0] >= 100000, 'line 5 has %s', lines)


def four_fill():
    """Several programs fill one disk at once."""
    at = t.mount('-t', 'tmpfs', '-o', 'size=2m', 'none')
    done = []
    def one():
        done.append(run([work, STACKS], env=t.environment(os.path.join(at, '%p.four.mt'))))
    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for d in done:
        t.check(d.status == 42 and not d.err, '%s', d.err)
        account = accounts(d)[0]
        somewhere(at, account, '.four.mt')


def min_peak(value, named, *actions):
    """A small process leaves no log. A bigger one's is complete, from its first event on, also if it closes the log's descriptor."""
    log = t.path('x.mt')
    done = t.both([work, '4000', *actions], log, env={'MEMTRACE_MIN_PEAK': value})
    t.check(os.listdir(t.current) == (['x.mt'] if named else []), 'files: %s', os.listdir(t.current))
    if named:
        t.exact(log, accounts(done)[0])


def min_peak_killed():
    """SIGKILL: a small process leaves no log, a bigger one's was there before."""
    for megabytes, names in (1, []), (24, ['x.mt']):
        script = 'import os; x = [bytearray(1 << 20) for i in range(%d)]; os.kill(os.getpid(), 9)' % megabytes
        run([sys.executable, '-I', '-S', '-c', script], env=t.environment(t.path('x.mt'), MEMTRACE_MIN_PEAK='16M'))
        t.check(os.listdir(t.current) == names, 'files after %d MiB: %s', megabytes, os.listdir(t.current))
    report = t.sound(t.path('x.mt'))
    t.check(report['peak_bytes'] >= 24 << 20, 'the peak: %d', report['peak_bytes'])


def min_peak_many():
    """A shell that starts small programs and one big one, and does not end by exit."""
    script = 'for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; (exit 3); done; %s 4000 fork >/dev/null; exec /bin/ls /' % work
    t.both(['sh', '-c', script], t.path('%e.mt'), env={'MEMTRACE_MIN_PEAK': '1M'})
    t.check(sorted(os.listdir(t.current)) == ['work.2.mt', 'work.mt'], 'files: %s', os.listdir(t.current))
    said = run(['/bin/true'], env=t.environment(t.path('%e.mt'), MEMTRACE_MIN_PEAK='1M', MEMTRACE_SUMMARY='1'))
    t.check(not said.err, 'it names a log that is not there: %r', said.err)


def somewhere(at, account, suffix):
    """The log is on the full disk and has dropped events, or it is in /tmp and complete."""
    name = '%d%s' % (account['pid'], suffix)
    logs = glob.glob(os.path.join(at, name)) + glob.glob('/tmp/' + name)
    t.check(len(logs) == 1, 'logs: %s', logs)
    try:
        t.exact(logs[0], account, full=os.path.dirname(logs[0]) != '/tmp')
    finally:
        os.remove(logs[0])


t.test('full tmpfs', full_tmpfs)
t.test('full from the start', full_by_others)
t.test('ext4 full', lambda: small_disk(['mkfs.ext4', '-q']))
t.test('ext3 full', lambda: small_disk(['mkfs.ext3', '-q', '-b', '1024']))
t.test('without fallocate', no_fallocate)
t.test('quota', quota)
for limit in (8192, 50000, 200000, 1000001):
    t.test('file limit %d' % limit, lambda: file_limit(limit))
t.test('file limit, own write', file_limit_own_write)
t.test('file limit from the start', file_limit_from_start)
t.test('room for the totals alone', totals_alone)
t.test('levels of a full log', same_levels)
t.test('mappings of a full log', mappings)
t.test('cap 64K', lambda: size_cap('64K', 64 << 10))
t.test('cap 300000', lambda: size_cap('300000', 300000))
t.test('cap 2m', lambda: size_cap('2m', 2 << 20))
t.test('cap 1G', lambda: size_cap('1G', 1 << 30, full=False))
for value in ('', 'x', '10Q', '-1', '64 ', '0', '99999999999999999999', '9000000T'):
    t.test('cap %r' % value, lambda: size_cap(value, 1 << 30, full=False))
for value in ('1G', '3M'):
    t.test('min peak %s' % value, lambda: min_peak(value, False))
for value in ('1', '2m', 'x'):
    t.test('min peak %s' % value, lambda: min_peak(value, True))
t.test('min peak, closed', lambda: min_peak('2M', True, 'close'))
t.test('min peak, killed', min_peak_killed)
t.test('min peak, many', min_peak_many)
t.test('removed', removed)
t.test('removed and closed', removed_and_closed)
t.test('replaced', replaced)
t.test('closed', closed)
t.test('folder gone', folder_gone)
t.test('name free again', folder_vanishes)
t.test('read-only', read_only)
t.test('namespaces', namespaces)
t.test('mode', mode)
t.test('link in its place', last_link)
t.test('link in a sticky folder', sticky_link)
t.test('odd names', odd_names)
t.test('privileged', privileged)
t.test('thread in a child', thread_in_child)
t.test('fork, full', fork_full)
t.test('fork of Python, full', python_fork_full)
t.test('four fill a disk', four_fill)
t.end()
