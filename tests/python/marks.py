# SPDX-License-Identifier: MIT
"""mark() for kinds_program.py and what it starts: a size that no other block of the process has; who asks for it is written
down in the file that MARKS names, [pid, size, [[file, line, name], ...]], innermost frame first."""
import json
import os
import sys
import threading

STEP = 65536
next_size = [8 << 20]
lock = threading.Lock()


def mark():
    with lock:
        next_size[0] += STEP
        size = next_size[0]
    frame = sys._getframe(1)
    chain = []
    while frame:
        chain.append([frame.f_code.co_filename, frame.f_lineno, getattr(frame.f_code, "co_qualname", frame.f_code.co_name)])
        frame = frame.f_back
    output = os.open(os.environ["MARKS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(output, (json.dumps([os.getpid(), size, chain]) + "\n").encode())
    os.close(output)
    return size
