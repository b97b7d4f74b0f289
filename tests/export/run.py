#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py BUILD SUBJECT: what memtrace export writes is read by the program that it is for, and its totals are those of the report.

Exit status 77: that program is not here, or memtrace was built without the format."""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
import asked  # noqa: E402
import graphs  # noqa: E402
import messages  # noqa: E402
import packages  # noqa: E402
import stacks  # noqa: E402
import tables  # noqa: E402
from logs import Logs  # noqa: E402
from support.build import Build  # noqa: E402
from support.running import Failed, Skip  # noqa: E402

SUBJECTS = {'collapsed': stacks.collapsed, 'speedscope': stacks.speedscope, 'pprof': messages.pprof, 'otlp': messages.otlp,
            'perfetto': messages.perfetto, 'callgrind': graphs.callgrind, 'massif': graphs.massif, 'heaptrack': graphs.heaptrack,
            'dhat': graphs.dhat, 'tables': tables.tables, 'pruned': stacks.pruned, 'asked': asked.asked, 'npm': packages.npm, 'sarif': packages.sarif, 'browser': packages.browser}


def main():
    if sys.argv[1] == '--list':
        print('\n'.join(SUBJECTS))
        return 0
    with tempfile.TemporaryDirectory(prefix='memtrace-export-') as folder:
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
