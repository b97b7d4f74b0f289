# SPDX-License-Identifier: MIT
"""The build folder's programs, and what they say of a log."""
import json
import os

from second_reader.check import check
from second_reader.compare import Failed as Unread
from second_reader.compare import compare
from second_reader.log import Log, NotALog
from support.running import Failed, clean_environment, run


REPORTS = 25  # of the logs in a folder


def with_stacks(view):
    """The call sites of `memtrace sites --json`, each with its `stack`, innermost first: the frames that its node in the tree leads to."""
    for site in view['sites']:
        site['stack'], node = [], site['node']
        while node is not None:
            node, frame = view['tree'][node]
            site['stack'].append(view['frames'][frame])
    return view['sites']


class Build:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.memtrace = self.path('memtrace')
        self.tracker = self.path('libmemtrace.so')
        self.module = self.path('python')

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def traced(self, output, tracker=None, **variables):
        """An environment under the preload, with logs named `output` (None: as by default)."""
        named = {} if output is None else {'MEMTRACE_OUTPUT': output}
        return clean_environment(**{**named, 'LD_PRELOAD': tracker or self.tracker, **variables})

    def view(self, *arguments):
        """What memtrace prints; it must exit with 0 and say nothing on standard error."""
        done = run([self.memtrace, *arguments])
        if done.status or done.err:
            raise Failed('memtrace %s: status %d: %s' % (' '.join(arguments), done.status, done.err[-2000:]))
        return done.out

    def report(self, log, *options):
        return json.loads(self.view('report', '--json', *options, log))

    def sites(self, log):
        """All call sites, each with its `stack`, innermost first."""
        return with_stacks(json.loads(self.view('sites', '--json', '-n', '0', log)))

    def unreadable(self, folder):
        """A message for each log in a folder that can't be read to its end. Of most, where there are many, a view that reads as much and
        finds fewer lines: the reports of hundreds of children of one program took longer than the children."""
        for i, name in enumerate(sorted(os.listdir(folder))):
            verb = 'report' if i < REPORTS else 'tree'
            done = run([self.memtrace, verb, '--json', os.path.join(folder, name)])
            if done.status:
                yield '%s: status %d: %s' % (name, done.status, done.err)
            elif verb == 'report' and json.loads(done.out)['truncated']:
                yield '%s: truncated' % name

    def unsound(self, log):
        """Messages: what the second reader finds wrong in a log (a path, or a Log), and where memtrace reports something else."""
        try:
            if not isinstance(log, Log):
                log = Log(log)
            check(log)
            return ['%s: %s' % (os.path.basename(log.name), text) for text in log.problems + compare(log, self.memtrace)]
        except (NotALog, Unread) as problem:
            return ['the second reader: %s' % problem]
