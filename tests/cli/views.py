#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The views beside report, lines and sites: trees, leaks, timelines, tables by other keys.

usage: views.py MEMTRACE CC [unittest arguments]; libmemtrace.so stands beside MEMTRACE.
"""
from branches import Trees  # noqa: F401
from common import main
from page import Keys  # noqa: F401

if __name__ == '__main__':
    main()
