#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""macOS, as far as it can be tested on Linux: run.py BUILD SUBJECT, or run.py --list."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import zig  # noqa: E402
import loading  # noqa: E402
import symbols  # noqa: E402
from support import subjects  # noqa: E402


class Test:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.zig = zig.Zig(build.path('macos'))
        self.loader = build.path('macos_loader')


SUBJECTS = {'loader': loading.loader, 'chains': loading.chains, 'symbols': symbols.symbols}

if __name__ == '__main__':
    sys.exit(subjects.main('macos', SUBJECTS, Test))
