# SPDX-License-Identifier: MIT
"""Commands typed at a terminal: each runs in bash at a pseudo-terminal of its own, and hands its folder and environment on to
the next one, as a shell's would."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios

PROMPT = re.compile(rb"(?:\A|\n)In \[\d+\]: \Z")
SIZE = 1000, 150  # lines and columns; no pager, and nothing is cut
HANGS_AFTER = 900  # seconds without a sign of life: not a limit on speed, but the end of a test that hangs

KEEP = 'eval "$1"; status=$?; { pwd; env -0; } >"$2"; exit $status'


class Terminal:
    def __init__(self, folder, environment, state):
        self.folder = folder
        self.environment = dict(environment, TERM="dumb")
        self.state = state  # a file's name

    def type(self, command, answers=()):
        """Run a command; (its output's lines, its exit status). `answers`: lines to be typed at IPython's prompts."""
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        modes = termios.tcgetattr(slave)
        modes[1] &= ~termios.ONLCR
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        try:
            process = subprocess.Popen(["bash", "-c", KEEP, "bash", command, self.state], cwd=self.folder, env=self.environment,
                                       stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        finally:
            os.close(slave)
        try:
            output = self._converse(master, list(answers))
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            os.close(master)
            status = process.wait()
        self._take_over()
        lines = output.decode("utf-8", "replace").replace("\r", "").split("\n")
        return lines[:-1] if lines[-1] == "" else lines, status

    @staticmethod
    def _converse(master, answers):
        output = b""
        while True:
            if not select.select([master], [], [], HANGS_AFTER)[0]:
                raise TimeoutError("no sign of life after %r" % output[-200:].decode("utf-8", "replace"))
            try:
                piece = os.read(master, 65536)
            except OSError:  # EIO: nobody has the terminal open any more
                return output
            output += piece
            if PROMPT.search(output.replace(b"\r", b"")):
                os.write(master, answers.pop(0).encode() + b"\n" if answers else b"\4")  # ^D: the end

    def _take_over(self):
        try:
            with open(self.state, "rb") as file:
                folder, rest = file.read().split(b"\n", 1)
            os.unlink(self.state)
        except (OSError, ValueError):
            return  # the command ended the shell
        self.folder = os.fsdecode(folder)
        pairs = (os.fsdecode(pair).split("=", 1) for pair in rest.split(b"\0") if b"=" in pair)
        self.environment = {name: value for name, value in pairs if name not in ("_", "SHLVL", "OLDPWD")}
