#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py BUILD SUBJECT: many logs as one, and taken to where fleets are looked at; other programs' files as logs.

Exit status 77: what the test needs is not here."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'export'))
sys.path.insert(0, HERE)
import imports  # noqa: E402
import merge  # noqa: E402
import push  # noqa: E402
import queries  # noqa: E402
from logs import Logs  # noqa: E402
from support.subjects import main  # noqa: E402

SUBJECTS = {'merge': merge.merge, 'refuses': merge.refuses,
            'heaptrack': imports.heaptrack, 'dhat': imports.dhat, 'memray': imports.memray, 'hostile': imports.hostile,
            'push-pyroscope': push.pyroscope, 'push-limits': push.limits, 'push-parca': push.parca, 'push-otlp': push.otlp, 'push-answers': push.answers, 'push-usage': push.usage, 'queries': queries.queried}

if __name__ == '__main__':
    sys.exit(main('fleet', SUBJECTS, Logs))
