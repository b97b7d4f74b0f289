#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command memtrace as its users meet it: usage, messages, exit statuses, tables, JSON.

usage: run.py MEMTRACE CC [unittest arguments]; libmemtrace.so stands beside MEMTRACE.
"""
from common import main
from family import Family, LateFamily, ServerFamily  # noqa: F401
from full import Full  # noqa: F401
from page import Page  # noqa: F401
from reading import Reading  # noqa: F401
from running import Run  # noqa: F401
from tables import Symbols, Tables, Terminal  # noqa: F401
from usage import Unreadable, Usage  # noqa: F401
from wrapped import Wrapped  # noqa: F401

if __name__ == '__main__':
    main()
