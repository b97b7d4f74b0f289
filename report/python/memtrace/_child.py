# SPDX-License-Identifier: MIT
"""What a process that measures one statement does: `python -m memtrace._child IN OUT CRASH`, or the child of a fork."""

import faulthandler
import gc
import json
import os
import pickle
import sys
import traceback


def _tell(descriptor, **what):
    data = json.dumps(what).encode()
    while data:
        data = data[os.write(descriptor, data):]


def _released_of_parent(log):
    """Bytes of blocks that the parent of a fork child allocated and the child released."""
    with open(log, "rb", 0) as file:
        file.seek(1008)
        return int.from_bytes(file.read(8), sys.byteorder)


def measure(statement, namespace, out, crash):
    """Run a statement and tell what it took. Does not return: nothing of the session is to happen a second time."""
    from . import _native
    status = 1
    try:
        faulthandler.enable(file=crash)
        gc.collect()
        log, exited = _native.log_path(), None
        released = _released_of_parent(log)
        period = _native.period("memit")
        try:
            exec(statement, namespace)
        except SystemExit as end:
            exited = str(end.code)
        peak = _native.peak_bytes()
        _tell(out, peak=peak, begin=_native.period_bytes(), period=period, log=log, exited=exited,
              released=_released_of_parent(log) - released)
        status = 0
    except BaseException as problem:
        lines = traceback.format_exception(type(problem), problem, problem.__traceback__.tb_next)
        _tell(out, error="".join(lines), log=_native.log_path())
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)


def main():
    source, out, crash = (int(argument) for argument in sys.argv[1:4])
    with os.fdopen(source, "rb") as file:
        job = pickle.load(file)
    sys.path[:] = job["path"]
    sys.argv[:] = job["argv"]
    from . import _carry, _native
    if not _native.traced():
        _tell(out, error="memtrace: the fresh process could not be traced\n", log="")
        os._exit(1)
    try:
        namespace = _carry.unpack(job["names"])
        exec(compile(job["setup"], "<memit setup>", "exec"), namespace)
        statement = compile(job["statement"], "<memit>", "exec")
    except BaseException:
        _tell(out, error=traceback.format_exc(), log=_native.log_path())
        os._exit(1)
    measure(statement, namespace, out, crash)


if __name__ == "__main__":
    main()
