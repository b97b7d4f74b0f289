# SPDX-License-Identifier: MIT
"""Runs code that is in no file, of which linecache knows the text, as IPython does it. Says its process numbers: its own, and
a fork child's. In the end it is killed."""
import linecache
import os
import signal
import sys

CELL = "\n%sdef %s():\n    return len(bytearray(%d << 20))  # \u00e9\u4e16\n\n\n%s()\n"


def run(name, text):
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    exec(compile(text, name, "exec"), {})


run("<ipython-input-1-0123456789ab>", CELL % ("", "cell_function", 8, "cell_function"))
run("/tmp/ipykernel_4711/1234.py", "def named_function():\n    return len(bytearray(9 << 20))\nnamed_function()\n")
for i in range(100):  # more than are waited for at a time
    exec(compile("bytearray(4096)", "<made up %d>" % i, "exec"), {})
print(os.getpid())
sys.stdout.flush()
if os.fork() == 0:
    run("<ipython-input-2-0123456789ab>", "\n\ndef late_function():\n    return len(bytearray(10 << 20))\nlate_function()\n")
    run("<ipython-input-1-0123456789ab>", CELL % ("", "cell_function", 8, "cell_function"))
    print(os.getpid())
    sys.stdout.flush()
    os._exit(0)
os.wait()
os.kill(os.getpid(), signal.SIGKILL)
