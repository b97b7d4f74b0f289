# SPDX-License-Identifier: MIT
"""In a process that is not traced everything works as without the module, and says how to start one that is."""
import warnings

import memtrace

assert not memtrace.traced() and memtrace.log_path() == "" and memtrace.live_bytes() == 0
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")

    @memtrace.profile
    def function(n):
        return n + 1

    assert function(1) == 2 and function(2) == 3
    with memtrace.profile():
        pass
assert [w.category for w in said] == [memtrace.NotTracedWarning], said
assert "python -m memtrace untraced_program.py" in str(said[0].message), said[0].message
memtrace.mark("nothing happens")
try:
    memtrace.start()
except memtrace.NotTraced as problem:
    assert "memtrace run python" in str(problem)
else:
    raise AssertionError("start() measured nothing and said so to nobody")
