#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The verbs that compare runs. Usage: compare.py MEMTRACE CC [unittest arguments]; libmemtrace.so stands beside MEMTRACE."""
from common import main
from benching import Bench  # noqa: F401
from budgets import Check  # noqa: F401
from differing import Diff, DiffPython, Silent  # noqa: F401
from workflow import Workflow  # noqa: F401

if __name__ == '__main__':
    main()
