#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py BUILD SUBJECT: many logs as one, and taken to where fleets are looked at; other programs' files as logs.

Exit status 77: what the test needs is not here."""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'export'))
sys.path.insert(0, HERE)
import imports  # noqa: E402
import merge  # noqa: E402
import push  # noqa: E402
import queries  # noqa: E402
from logs import Logs  # noqa: E402
from support.build import Build  # noqa: E402
from support.running import Failed, Skip  # noqa: E402

SUBJECTS = {'merge': merge.merge, 'refuses': merge.refuses,
            'heaptrack': imports.heaptrack, 'dhat': imports.dhat, 'memray': imports.memray, 'hostile': imports.hostile,
            'push-pyroscope': push.pyroscope, 'push-limits': push.limits, 'push-parca': push.parca, 'push-otlp': push.otlp, 'push-answers': push.answers, 'push-usage': push.usage, 'queries': queries.queried}


def main():
    if sys.argv[1] == '--list':
        print('\n'.join(SUBJECTS))
        return 0
    with tempfile.TemporaryDirectory(prefix='memtrace-fleet-') as folder:
        try:
            SUBJECTS[sys.argv[2]](Logs(Build(sys.argv[1]), folder))
        except Skip as why:
            print('skipped:', why)
            return 77
        except Failed as why:
            print(why)
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
