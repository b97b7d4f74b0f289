# SPDX-License-Identifier: MIT
memtrace_scripts(html/ html/run.py)
memtrace_long(html/walk html/hostile html/family html/notebook html/changes html/advice html/full)
