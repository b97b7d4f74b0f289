# SPDX-License-Identifier: MIT
"""stress-ng's stressors that have to do with memory, processes, threads and signals: each ends the same with and without the preload.

    stress.py [--seconds N] BUILD-FOLDER [STRESSOR...]

stress-ng checks its own results (--verify) and says what failed. Each stressor does a few hundred rounds, or what it can do in some
seconds; how many is of no interest. Exit status: 0 all is as it should be; 1 a difference; 77 stress-ng is not there."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

import common  # noqa: F401 (finds support)
from support.build import Build
from support.outcome import SKIPPED, Outcome
from support.running import HANG, clean_environment

# Not those that stress a device, a file system, the network, a processor's arithmetic or the whole machine.
STRESSORS = '''access affinity aio aiol alarm atomic bad-altstack bigheap brk bsearch chdir chroot clock clone close context copy-file
    cyclic daemon dekker dir dirdeep dup dynlib env epoll eventfd exec exit-group fallocate fault fcntl fifo flock fork forkheavy
    fp-error fpunch fsize fstat full funccall funcret futex get getdent getrandom handle hash heapsort hrtimers hsearch inotify
    io-uring itimer jpeg judy kcmp kill landlock lease link list lockf lockofd longjmp loop lsearch madvise malloc mcontend memfd
    memrate memthrash mergesort mincore misaligned mlock mlockmany mmap mmapaddr mmapfixed mmapfork mmaphuge mmapmany mprotect mq
    mremap msg msync msyncmany munmap mutex nanosleep nice null numa open pagemove personality physpage pidfd pipe pipeherd pkey
    plugin poll prctl procfs pthread ptrace pty qsort race-sched radixsort randlist readahead regs remap rename resched resources
    revio ring-pipe rlimit rmap rseq schedpolicy seal seccomp secretmem sem sem-sysv sendfile session set shellsort shm shm-sysv
    sigabrt sigchld sigfd sigfpe sigio signal signest sigpending sigpipe sigq sigrt sigsegv sigsuspend sigtrap skiplist sleep sockabuse
    sockfd sockpair softlockup spawn splice stack stackmmap str stream switch sysbadaddr sysinfo sysinval tee timer timerfd tmpfs
    tree tsearch umask umount unshare userfaultfd utime vdso verity vfork vforkmany vm vm-addr vm-rw vm-segv vm-splice wait wcs
    yield zero zlib zombie'''.split()
# These may end differently under the preload, for a reason.
KNOWN = {}
ROUNDS = 200
ATTEMPTS = 3


def run_one(stressor, seconds, env):
    """(exit status, what it says that failed or was left out, without numbers)"""
    folder = tempfile.mkdtemp(prefix='memtrace-stress-')
    os.chmod(folder, 0o777)
    command = ['stress-ng', '--' + stressor, '1', '--%s-ops' % stressor, str(ROUNDS), '--timeout', str(seconds), '--verify',
               '--oomable', '--seed', '1', '--temp-path', folder]
    if stressor in ('bigheap', 'brk', 'stack', 'mmapmany', 'malloc'):
        command += ['--vm-bytes', '64m', *{'bigheap': ['--bigheap-growth', '1m'], 'malloc': ['--malloc-bytes', '64m']}.get(stressor, [])]
    try:
        done = subprocess.run(command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=HANG, start_new_session=True)
    except subprocess.TimeoutExpired:
        return 'hang', ()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    said = {re.sub(r'-?(0x)?[\da-f]*\d[\da-f.]*', 'N', line.partition('stress-ng: ')[2])
            for line in done.stdout.decode('utf-8', 'replace').splitlines() if re.search(r'stress-ng: (fail|error)|skipp', line)}
    return done.returncode, tuple(sorted(said))


def check(build, stressor, seconds):
    """What is wrong."""
    logs = tempfile.mkdtemp(prefix='memtrace-stress-logs-')
    os.chmod(logs, 0o777)
    plain = clean_environment(LC_ALL='C')
    traced = build.traced(os.path.join(logs, '%p.mt'), LC_ALL='C')
    try:
        one, other = {run_one(stressor, seconds, plain)}, {run_one(stressor, seconds, traced)}
        refused = [] if stressor in KNOWN else list(build.unreadable(logs))
        for _ in range(ATTEMPTS):
            if one & other:
                break
            one.add(run_one(stressor, seconds, plain))
            other.add(run_one(stressor, seconds, traced))
    finally:
        shutil.rmtree(logs, ignore_errors=True)
    return ([] if one & other else ['ends with %s, with the preload %s' % (sorted(one, key=str), sorted(other, key=str))]) + refused


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=int, default=2, help='the most that a stressor goes on')
    parser.add_argument('build')
    parser.add_argument('stressors', nargs='*')
    options = parser.parse_args()
    if not shutil.which('stress-ng'):
        print('stress-ng is not here (Debian: stress-ng): skipped')
        return SKIPPED
    there = subprocess.run(['stress-ng', '--stressors'], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    outcome, build = Outcome(), Build(options.build)
    for stressor in options.stressors or STRESSORS:
        if stressor not in there:
            outcome.skip(stressor, 'this stress-ng does not have it')
            continue
        wrong = check(build, stressor, options.seconds)
        if wrong and stressor in KNOWN:
            outcome.skip(stressor, KNOWN[stressor])
        else:
            outcome.result(stressor, wrong)
        sys.stdout.flush()
    return outcome.status()


if __name__ == '__main__':
    sys.exit(main())
