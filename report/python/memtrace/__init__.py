# SPDX-License-Identifier: MIT
"""memtrace: which line took the memory?

    python -m memtrace script.py       run a program under memtrace
    %load_ext memtrace                 %mprun, %memit, %%memtrace in IPython and notebooks

    @memtrace.profile                  a function's line table after each call
    with memtrace.profile("load"):     a block's peak and the lines that rose most
    memtrace.start(); r = memtrace.stop()
    memtrace.mark("loaded")            a name for this instant, in the report

All of it needs a process that was started under memtrace (by one of the commands above, or `memtrace run`), but for %memit,
which starts its own.
"""

from ._native import live_bytes, log_path, mark, peak_bytes, traced
from ._period import NotTraced, NotTracedWarning, Result, profile, start, stop

__version__ = "0.1.0"
__all__ = ["NotTraced", "NotTracedWarning", "Result", "live_bytes", "log_path", "mark", "peak_bytes", "profile", "start", "stop", "traced"]


def load_ipython_extension(shell):
    from ._magics import MemtraceMagics
    shell.register_magics(MemtraceMagics)
