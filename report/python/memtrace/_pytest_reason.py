# SPDX-License-Identifier: MIT
"""How pytest says why a test failed for its memory: below the test's name, and behind it in the FAILED line."""

import pytest


def stop(text):
    """Fail here and now, by the test's own line."""
    try:
        pytest.fail(text, pytrace=False)
    except BaseException as error:
        error.memtrace_reason = text, None
        raise


def fail(outcome, text, brief, place):
    """Make this the hook's outcome. `brief`: for the FAILED line; `place`: (file, line) of who is to blame, or None."""
    try:
        stop(text)
    except BaseException as error:
        error.memtrace_reason = brief, place
        if hasattr(outcome, "force_exception"):
            outcome.force_exception(error)
        else:  # pluggy before 1.1
            import sys
            outcome._excinfo = sys.exc_info()


def represent(report, call):
    """Of a failure without a traceback pytest has nothing to say in the FAILED line."""
    reason = getattr(call.excinfo.value, "memtrace_reason", None) if call.excinfo else None
    if reason is None:
        return
    try:
        from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback
        brief, place = reason
        path, line = place or (report.location[0], (report.location[1] or 0) + 1)
        lines = ReprTraceback([ReprEntryNative([str(call.excinfo.value) + "\n"])], None, "native")
        report.longrepr = ReprExceptionInfo(reprtraceback=lines, reprcrash=ReprFileLocation(str(path), line, brief))
    except (ImportError, TypeError):  # a pytest that has changed its inside: the text is left
        pass
