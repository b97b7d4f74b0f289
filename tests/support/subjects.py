# SPDX-License-Identifier: MIT
"""Scripts of several subjects, each a test: `FILE --list` prints their names, `FILE BUILD SUBJECT` runs one."""
import sys
import tempfile

from .build import Build
from .running import Failed, Skip


def run_subject(name, test):
    """Calls `test` with an empty folder, named after `name`; the exit status: 77 where something that it needs is not here."""
    with tempfile.TemporaryDirectory(prefix='memtrace-%s-' % name) as folder:
        try:
            test(folder)
        except Skip as why:
            print('skipped:', why)
            return 77
        except Failed as why:
            print(why)
            return 1
    return 0


def main(name, subjects, made):
    """A subject is called with made(build, folder)."""
    if sys.argv[1] == '--list':
        print('\n'.join(subjects))
        return 0
    return run_subject(name, lambda folder: subjects[sys.argv[2]](made(Build(sys.argv[1]), folder)))
