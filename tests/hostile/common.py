# SPDX-License-Identifier: MIT
"""What the hostile tests share: they run a program with and without the preload, compare, and check the log against the account that
the program prints."""
import difflib
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.build import Build  # noqa: E402
from support.outcome import Outcome  # noqa: E402
from support.running import HANG, Failed, Skip, clean_environment, run  # noqa: E402


def accounts(done):
    """The accounts in the output: one line of JSON for each process."""
    return [json.loads(line) for line in done.out.splitlines() if line.startswith('{')]


def said(done):
    """The output without process numbers."""
    rest = [line for line in done.out.splitlines() if not line.startswith('{')]
    return [{k: v for k, v in account.items() if k != 'pid'} for account in accounts(done)], rest


class Tests:
    """Runs tests one after another: test(name, function). A function raises Failed or Skip."""

    def __init__(self, build):
        self.build = Build(build)
        self.programs = self.build.path('hostile')
        self.memtrace, self.tracker = self.build.memtrace, self.build.tracker
        self.folder = tempfile.mkdtemp(prefix='memtrace-hostile-')
        self.mounts = []
        self.outcome = Outcome()

    def test(self, name, function):
        if sys.argv[2:] and not any(word in name for word in sys.argv[2:]):
            return
        self.current = os.path.join(self.folder, name.replace(' ', '_').replace('/', '_'))
        os.mkdir(self.current)
        try:
            function()
            self.outcome.result(name)
        except Skip as why:
            self.outcome.skip(name, why)
        except (Failed, OSError, IndexError, subprocess.SubprocessError, ValueError, KeyError) as why:
            self.outcome.result(name, [why if isinstance(why, Failed) else repr(why)])
        finally:
            while self.mounts:
                subprocess.run(['umount', '-l', self.mounts.pop()], stderr=subprocess.DEVNULL)

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        sys.exit(self.outcome.status())

    # ---- running

    def program(self, name):
        return os.path.join(self.programs, name)

    def path(self, *names):
        return os.path.join(self.current, *names)

    def environment(self, output, preload=None, **more):
        return self.build.traced(output, preload, **more)

    @staticmethod
    def plain(command, **more):
        return run(command, env=clean_environment(), **more)

    def both(self, command, output, preload=None, before=None, env=None, expect_err='', **more):
        """Runs it with and without memtrace: status and output must be the same, process numbers aside. `before` runs before each."""
        if before:
            before()
        bare = self.plain(command, **more)
        if before:
            before()
        traced = run(command, env=self.environment(output, preload, **(env or {})), **more)
        self.check(bare.status == traced.status, 'status %d without, %d with: %s', bare.status, traced.status, traced.err[:500])
        self.check(said(bare) == said(traced), 'output without and with:\n%s',
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
        return self.build.report(log)

    def sound(self, log):
        """Both readers can read the log, and agree on it."""
        wrong = self.build.unsound(log)
        self.check(not wrong, '%s:\n%s', log, '\n'.join(wrong)[:3000])
        return self.report(log)

    def foreign(self, log):
        """Bytes and events of heap call sites outside of main and the threads, such as a C++ runtime's own pool."""
        sites = [s for s in self.build.sites(log) if s['class'] == 'heap' and
                 not any(f['function'] in ('main', 'in_thread') for f in s['stack'])]
        return sum(s['allocated_bytes'] for s in sites), sum(s['allocations'] + s['releases'] for s in sites)

    def exact(self, log, account, full=False, unknown=0, foreign=False):
        """The heap's figures are those of the account, to the byte. `full`: the log had no space for all call sites, but the totals
        are the same."""
        report = self.sound(log)
        heap = report['classes']['heap']
        said = account['allocated'], account['allocations'] + account['releases']
        found = (heap['allocated_bytes'], heap['allocations'] + heap['releases'] + report['unknown_releases'])
        if foreign:
            found = tuple(a - b for a, b in zip(found, self.foreign(log)))
        self.check(found == said, 'bytes and events are %s, but the program counted %s; %s', found, said, self.brief(report))
        self.check(not report['dropped_events'], 'dropped events: %s', self.brief(report))
        self.check(bool(report['unattributed_allocations']) == full, 'events without a call site: %s', self.brief(report))
        self.check(report['unknown_releases'] == unknown, 'unknown releases: %s', self.brief(report))
        for name, figures in report['classes'].items():
            self.check(figures['allocated_bytes'] - figures['released_bytes'] == figures['leaked_bytes'] <= figures['peak_bytes'],
                       '%s does not add up: %s', name, figures)
        most = sum(figures['allocated_bytes'] for figures in report['classes'].values())
        risen = [line for line in report['lines'] if line['rise_bytes'] > most]
        self.check(not risen, 'rises of more than the %d bytes that were allocated: %s', most, risen[:3])
        self.check(not report['truncated'], 'truncated')
        if full:
            self.check(any('full' in note for note in report['notes']), 'the report has no note that says so: %s', report['notes'])
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
