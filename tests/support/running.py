# SPDX-License-Identifier: MIT
"""Running programs."""
import fcntl
import os
import pty
import struct
import subprocess
import termios

HANG = 3000  # seconds: ends a command that hangs, before ctest ends the test. No test is measured by it.
STEERING = ('MEMTRACE_', 'LD_', 'MALLOC_')


class Skip(Exception):
    """What the test needs is not here."""


class Failed(Exception):
    """The test has failed, and this is why."""


class Done:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


def clean_environment(*more_steering, **variables):
    """The environment without the variables that steer memtrace, the loader or malloc, and with those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(STEERING + more_steering)}
    return dict(kept, **variables)


def run(command, env=None, text=None, merge=False, **more):
    """Runs a command to its end. `text`: its input, else none; `merge`: standard error goes to the output."""
    done = subprocess.run(command, env=env, input=None if text is None else text.encode(),
                          stdin=subprocess.DEVNULL if text is None else None, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT if merge else subprocess.PIPE, timeout=HANG, **more)
    return Done(done.returncode, done.stdout.decode('utf-8', 'replace'), (done.stderr or b'').decode('utf-8', 'replace'))


def run_on_terminal(command, columns, env, cwd):
    """Runs a command, by its path, at a terminal of that width. (Its exit status as of wait, what stood on the terminal)."""
    pid, fd = pty.fork()
    if not pid:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        os.chdir(cwd)
        os.execve(command[0], command, env)
    out = b''
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:  # EIO: nobody has the terminal open any more
            break
        if not part:
            break
        out += part
    os.close(fd)
    return os.waitpid(pid, 0)[1], out.decode().replace('\r\n', '\n')
