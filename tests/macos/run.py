#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""macOS, as far as it can be tested on Linux: run.py BUILD SUBJECT, or run.py --list."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import zig  # noqa: E402
import checking  # noqa: E402
import known  # noqa: E402
import loading  # noqa: E402
import symbols  # noqa: E402
from support import subjects  # noqa: E402
from support.running import Failed, run  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(zig.HERE))


class Test:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.zig = zig.Zig(build.path('macos'))
        self.loader = build.path('macos_loader')

    def dylib(self, architecture):
        """libmemtrace.dylib, built as it is for users."""
        done = run([os.path.join(ROOT, 'scripts', 'macos'), '-z', self.zig.program, architecture])
        path = os.path.join(ROOT, 'build', 'macos-' + architecture, 'libmemtrace.dylib')
        if done.status or not os.path.exists(path):
            raise Failed('scripts/macos: %s%s' % (done.err[-3000:], done.out[-1000:]))
        return path


SUBJECTS = {'loader': loading.loader, 'chains': loading.chains, 'symbols': symbols.symbols, 'known': known.known,
            **{'check-' + architecture: checking.checked(architecture) for architecture in zig.ARCHITECTURES}}

if __name__ == '__main__':
    sys.exit(subjects.main('macos', SUBJECTS, Test))
