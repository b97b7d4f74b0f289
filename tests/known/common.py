# SPDX-License-Identifier: MIT
"""Running programs with known answers."""
import os
import re
import shutil
import tempfile

from support.build import Build
from support.outcome import Outcome
from support.running import Failed, run

PROGRAMS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'programs')
WRONG = (Failed, ValueError, KeyError)  # raised when a program or its log is not as it should be


class Tests(Outcome):
    def __init__(self, options):
        super().__init__()
        self.options = options
        self.build = Build(options.build)
        self.directory = tempfile.mkdtemp(prefix='memtrace-known-')

    def close(self):
        if self.options.keep or self.failed:
            print('logs: %s' % self.directory)
        else:
            shutil.rmtree(self.directory)

    def fresh(self):
        return tempfile.mkdtemp(dir=self.directory)

    def program(self, name):
        return self.build.path('known', name)

    def environment(self, directory, **variables):
        """Traced, with a log for each process in `directory`."""
        return self.build.traced(os.path.join(directory, '%p.mt'), **{
            'MEMTRACE_PYTHON_OBJECTS': '0', 'KNOWN_TRACED': '1', 'PYTHONDONTWRITEBYTECODE': '1', **variables})

    def traced(self, command, preload=None):
        """Run it; its output and its logs: (pid, name), in the order of their beginning."""
        directory = self.fresh()
        environment = self.environment(directory)
        if preload:
            environment['LD_PRELOAD'] += ':' + preload
        done = run(command, environment)
        if done.status or done.err:
            raise Failed('%s: status %d: %s' % (' '.join(command), done.status, done.err[:2000]))
        logs = [os.path.join(directory, name) for name in os.listdir(directory)]
        logs.sort(key=lambda log: self.build.report(log)['log_start_time_ns'])
        return done.out, [(pid_of(log), log) for log in logs]


def pid_of(log):
    return int(re.match(r'(\d+)', os.path.basename(log)).group(1))


def problem(error):
    return ['%s: %s' % (type(error).__name__, error)]
