#!/usr/bin/env python3
"""What a program can see of how it was started."""
import sys
seen = dict(globals())
import gc  # noqa: E402
import locale  # noqa: E402
import os  # noqa: E402
import warnings  # noqa: E402

main = sys.modules["__main__"]
print(__name__, __doc__, seen.get("__file__"), sorted(seen), seen.get("__package__"), type(seen.get("__loader__")), type(seen.get("__builtins__")))
print(getattr(main.__spec__, "name", None), getattr(main.__spec__, "origin", None), main.__dict__ is globals())
print(sys.argv, getattr(sys, "orig_argv", None), sys.path, sys.executable, sys.prefix, os.getcwd())
print(sys.flags, sys.warnoptions, sys._xoptions, sys.dont_write_bytecode, getattr(sys, "pycache_prefix", None), warnings.filters)
print(*((it.encoding, it.errors, it.line_buffering, it.isatty()) for it in (sys.stdin, sys.stdout, sys.stderr)))
print(locale.getpreferredencoding(False), sys.getfilesystemencoding(), sys.getfilesystemencodeerrors(), sys.getrecursionlimit())
frame, frames = sys._getframe(), []
while frame:
    frames.append(frame.f_code.co_filename)
    frame = frame.f_back
print(frames, sys.gettrace(), sys.getprofile(), gc.isenabled(), gc.get_threshold(), sys.excepthook is sys.__excepthook__)
# Of 3.8 and 3.9 the module atexit is not there before it is imported.
print(sorted(set(sys.modules) - {"atexit", "gc", "locale", "re", "enum"}))
warnings.warn("mine")
assert not __debug__ or len(sys.argv) < 2 or sys.argv[1] != "fail", "told to"
sys.exit(int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else 0)
