# SPDX-License-Identifier: MIT
"""The compiler for macOS: zig, which has Apple's headers and the names of its C library, from npm."""
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from support.npm import packages  # noqa: E402
from support.running import Failed, Skip, run  # noqa: E402

ARCHITECTURES = {'x86_64': 'x86_64', 'aarch64': 'arm64'}  # zig's word, Apple's word
OLDEST = '11.0'


class Zig:
    def __init__(self, folder):
        """`folder`: of the build folder, where it is fetched to."""
        if os.uname().machine != 'x86_64' or sys.platform != 'linux':
            raise Skip('zig of npm is for Linux on x86_64')
        self.program = os.path.join(packages(HERE, folder), '@ryoppippi', 'zig-linux-x64', 'zig')
        os.chmod(self.program, 0o755)
        cache = os.path.join(folder, 'cache')
        self.environment = dict(os.environ, ZIG_GLOBAL_CACHE_DIR=cache, ZIG_LOCAL_CACHE_DIR=cache)

    def cc(self, output, *arguments, architecture='x86_64', oldest=OLDEST, language='cc'):
        """Compile and link, or what else the arguments say; the output."""
        command = [self.program, language, '-target', '%s-macos.%s' % (architecture, oldest), '-o', output, *arguments]
        done = run(command, self.environment)
        if done.status:
            raise Failed('%s: %s' % (' '.join(command), done.err[-4000:]))
        return output

    def library(self, output, *arguments, **more):
        return self.cc(output, '-dynamiclib', '-install_name', '@rpath/' + os.path.basename(output), *arguments, **more)


def lld():
    """LLVM's linker that makes chained fixups, as Apple's own does: of version 15 and up."""
    for version in range(21, 14, -1):
        found = shutil.which('ld64.lld-%d' % version)
        if found:
            return found
    return None
