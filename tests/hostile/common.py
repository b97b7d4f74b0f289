# SPDX-License-Identifier: MIT
"""What the hostile tests share: run a program without the preload and with it, compare, and check its log against what it said."""
import difflib
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SECOND_READER = os.path.join(os.path.dirname(HERE), 'second_reader.py')
SKIPPED = 77
PATIENCE = 120  # seconds: who takes longer is stuck


class Skip(Exception):
    pass


class Failed(Exception):
    pass


class Done:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def accounts(self):
        return [json.loads(line) for line in self.out.splitlines() if line.startswith('{')]


class Tests:
    """One after another: test(name, function). A function raises Failed, or Skip."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.programs = os.path.join(self.build, 'hostile')
        self.memtrace = os.path.join(self.build, 'memtrace')
        self.tracker = os.path.join(self.build, 'libmemtrace.so')
        self.folder = tempfile.mkdtemp(prefix='memtrace-hostile-')
        self.mounts = []
        self.passed, self.skipped, self.failed = 0, [], []

    def test(self, name, function):
        if sys.argv[2:] and not any(word in name for word in sys.argv[2:]):
            return
        self.current = os.path.join(self.folder, name.replace(' ', '_').replace('/', '_'))
        os.mkdir(self.current)
        start = time.monotonic()
        try:
            function()
            self.passed += 1
            print('ok    %s (%.1f s)' % (name, time.monotonic() - start), flush=True)
        except Skip as why:
            self.skipped.append(name)
            print('skip  %s: %s' % (name, why), flush=True)
        except (Failed, OSError, IndexError, subprocess.SubprocessError, ValueError, KeyError) as why:
            self.failed.append(name)
            print('FAIL  %s: %s' % (name, why if isinstance(why, Failed) else repr(why)), flush=True)
        finally:
            while self.mounts:
                subprocess.run(['umount', '-l', self.mounts.pop()], stderr=subprocess.DEVNULL)

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        print('%d passed, %d failed, %d skipped' % (self.passed, len(self.failed), len(self.skipped)))
        sys.exit(1 if self.failed else 0 if self.passed else SKIPPED)

    # ---- running

    def program(self, name):
        return os.path.join(self.programs, name)

    def path(self, *names):
        return os.path.join(self.current, *names)

    def environment(self, output, preload=None, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith(('MEMTRACE_', 'LD_', 'MALLOC_'))}
        if output is not None:
            env['MEMTRACE_OUTPUT'] = output
        env.update(LD_PRELOAD=preload or self.tracker, **more)
        return env

    def run(self, command, env=None, **more):
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=PATIENCE, **more)
        return Done(done.returncode, done.stdout.decode('utf-8', 'replace'), done.stderr.decode('utf-8', 'replace'))

    def plain(self, command, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith(('MEMTRACE_', 'LD_', 'MALLOC_'))}
        return self.run(command, env=env, **more)

    def both(self, command, output, preload=None, before=None, env=None, expect_err='', **more):
        """Without us and with us; the same status and output, but for process numbers. `before` runs before each."""
        if before:
            before()
        bare = self.plain(command, **more)
        if before:
            before()
        traced = self.run(command, env=self.environment(output, preload, **(env or {})), **more)
        same = [[{k: v for k, v in a.items() if k != 'pid'} for a in d.accounts()] for d in (bare, traced)]
        rest = [[line for line in d.out.splitlines() if not line.startswith('{')] for d in (bare, traced)]
        self.check(bare.status == traced.status, 'status %d without, %d with: %s', bare.status, traced.status, traced.err[:500])
        self.check(same[0] == same[1] and rest[0] == rest[1], 'output without and with:\n%s',
                   '\n'.join(list(difflib.unified_diff(bare.out.splitlines(), traced.out.splitlines(), lineterm='', n=1))[:40]))
        if expect_err is not None:
            self.check(traced.err == bare.err + expect_err, 'standard error: %r', traced.err)
        return traced

    @staticmethod
    def check(truth, text, *values):
        if not truth:
            raise Failed(text % values)

    # ---- logs

    def report(self, log):
        done = self.run([self.memtrace, 'report', '--json', log])
        self.check(done.status == 0, 'memtrace report %s: status %d: %s', log, done.status, done.err)
        return json.loads(done.out)

    def sound(self, log):
        """Both readers can read it, and agree."""
        done = self.run([sys.executable, SECOND_READER, '--compare', self.memtrace, log])
        self.check(done.status == 0, 'second reader, %s:\n%s', log, done.err[:3000])
        return self.report(log)

    def foreign(self, log):
        """Bytes and events of heap sites that are not of the program's main or its threads: a C++ runtime's own pool, say."""
        done = self.run([self.memtrace, 'sites', '--json', '-n', '0', log])
        sites = [s for s in json.loads(done.out)['sites'] if s['class'] == 'heap' and
                 not any(f['function'] in ('main', 'in_thread') for f in s['stack'])]
        return sum(s['allocated_bytes'] for s in sites), sum(s['allocations'] + s['releases'] for s in sites)

    def exact(self, log, account, full=False, unknown=0, foreign=False):
        """The heap's figures are what the program said, to the byte. `full`: the log had no space for all call sites; the totals
        are what they are all the same."""
        report = self.sound(log)
        heap = report['classes']['heap']
        said = account['allocated'], account['allocations'] + account['releases']
        found = (heap['allocated_bytes'], heap['allocations'] + heap['releases'] + report['unknown_releases'])
        if foreign:
            found = tuple(a - b for a, b in zip(found, self.foreign(log)))
        self.check(found == said, 'bytes and events: %s, the program says %s; %s', found, said, self.brief(report))
        self.check(not report['dropped_events'], 'dropped events: %s', self.brief(report))
        self.check(bool(report['unattributed_allocations']) == full, 'events without a call site: %s', self.brief(report))
        self.check(report['unknown_releases'] == unknown, 'unknown releases: %s', self.brief(report))
        for name, figures in report['classes'].items():
            self.check(figures['allocated_bytes'] - figures['released_bytes'] == figures['live_bytes'] <= figures['peak_bytes'],
                       '%s does not add up: %s', name, figures)
        self.check(not report['truncated'], 'truncated')
        if full:
            self.check(any('full' in note for note in report['notes']), 'no note of it: %s', report['notes'])
        return report

    @staticmethod
    def brief(report):
        return {k: report[k] for k in ('dropped_events', 'unattributed_allocations', 'unattributed_bytes', 'unattributed_releases',
                                       'unknown_releases', 'notes', 'classes')}

    # ---- surroundings

    def mount(self, *arguments):
        """mount(8) with these arguments on a fresh folder."""
        if os.geteuid() != 0:
            raise Skip('mounting takes root')
        at = self.path('mount%d' % len(self.mounts))
        os.mkdir(at)
        done = subprocess.run(['mount', *arguments, at], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            raise Skip('cannot mount here: ' + done.stderr.decode().strip())
        self.mounts.append(at)
        return at

    def image(self, mkfs, size, options='loop'):
        """A small file system of its own."""
        image = self.path('image')
        with open(image, 'wb') as f:
            f.truncate(size)
        tool = shutil.which(mkfs[0], path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')
        if not tool:
            raise Skip(mkfs[0] + ' is not here')
        done = subprocess.run([tool] + mkfs[1:] + [image], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode:
            raise Skip('%s: %s' % (mkfs[0], done.stderr.decode().strip()))
        return self.mount('-o', options, image)

    def one(self, pattern):
        found = glob.glob(pattern)
        self.check(len(found) == 1, '%s: %s', pattern, found)
        return found[0]
