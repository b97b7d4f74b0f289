#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py BUILD SUBJECT: logs of version 2, which older libraries wrote, are read as they were by the tool of that time.

Beside each log stands what that tool printed of it, view by view. What the logs name is on no machine, and nothing is in the cache, so that no
debug information is read. A view that is changed on purpose changes these files, too: run.py BUILD SUBJECT --save, and look at the difference.
"""
import gzip
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from second_reader.log import Log  # noqa: E402
from support.build import Build, Unread, check, compare  # noqa: E402
from support.running import clean_environment  # noqa: E402

SUBJECTS = ('threads', 'killed', 'big', 'python', 'merged')
VIEWS = [['report'], ['report', '--json'], ['lines', '--json', '-n', '0'], ['sites', '--json', '-n', '0'], ['tree'], ['leaks'], ['timeline', '--json'],
         ['export', '--format', 'ndjson'], ['export', '--format', 'ndjson', '--table', 'lines'], ['export', '--format', 'collapsed'],
         ['export', '--format', 'heaptrack']]


def printed(memtrace, folder, log):
    """All views of the log, each with its command in front and its status behind."""
    parts = []
    for view in VIEWS:
        done = subprocess.run([memtrace, *view, log], cwd=folder, env=clean_environment(TZ='UTC', LC_ALL='C.UTF-8', XDG_CACHE_HOME=folder),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        out = re.sub(rb'memtrace \d+\.\d+\.\d+', b'memtrace VERSION', done.stdout)
        parts.append(b'$ memtrace %s\n%s\n= %d\n' % (' '.join(view + [log]).encode(), out, done.returncode))
    return parts


def unpack(name, to):
    with gzip.open(os.path.join(HERE, 'logs', name)) as file, open(to, 'wb') as out:
        out.write(file.read())


def main(folder_of_build, subject, save):
    build = Build(folder_of_build)
    expected = os.path.join(HERE, 'logs', subject + '.txt.gz')
    with tempfile.TemporaryDirectory(prefix='memtrace-old-') as folder:
        log = subject + '.mt'
        unpack(log + '.gz', os.path.join(folder, log))
        parts = printed(build.memtrace, folder, log)
        if save:
            with open(expected, 'wb') as out, gzip.GzipFile('', 'wb', 9, out, 0) as file:
                file.write(b''.join(parts))
            return 0
        with gzip.open(expected) as file:
            before = file.read()
        bad = [part for part in parts if part not in before]
        if not bad and before != b''.join(parts):
            bad = [b'views are missing, or in another order\n']
        read = Log(os.path.join(folder, log))
        check(read)
        try:
            problems = read.problems + compare(read, build.memtrace)
        except Unread as e:
            problems = [str(e)]
        if read.version != 2:
            problems.append('it is of version %d' % read.version)
    for part in bad:
        print('not as it was: %s' % part.decode('utf-8', 'replace')[:3000])
    for problem in problems:
        print('the second reader: %s' % problem)
    return 1 if bad or problems else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2], '--save' in sys.argv))
