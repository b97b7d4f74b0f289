#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py BUILD SUBJECT: what memtrace export writes is read by the program that it is for, and its totals are those of the report.

Exit status 77: that program is not here, or memtrace was built without the format."""
import os
import sys

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
from support.subjects import main  # noqa: E402

SUBJECTS = {'collapsed': stacks.collapsed, 'speedscope': stacks.speedscope, 'pprof': messages.pprof, 'otlp': messages.otlp,
            'perfetto': messages.perfetto, 'callgrind': graphs.callgrind, 'massif': graphs.massif, 'heaptrack': graphs.heaptrack,
            'dhat': graphs.dhat, 'tables': tables.tables, 'pruned': stacks.pruned, 'asked': asked.asked, 'npm': packages.npm, 'sarif': packages.sarif, 'browser': packages.browser}

if __name__ == '__main__':
    sys.exit(main('export', SUBJECTS, Logs))
