# SPDX-License-Identifier: MIT
"""The blocks of a Markdown file that a reader can type.

console     lines that begin with `$ ` are commands, the rest is what they print
sh          commands; what they print is not shown
python, c, toml  a file, whose name is the comment in the first line: `# load.py`, `/* rows.c */`

`<!-- status 1 -->` in the line above a block: its last command exits with this status, not with 0.
`<!-- not run: REASON -->` there: the block is neither run nor written. Any other kind of block needs it.
"""

import re

FILES = ("python", "c", "toml")
KINDS = ("console", "sh") + FILES


class Mistake(Exception):
    """The file has a block that the rules do not allow."""


class Command:
    """What is typed, from which line of the file, and the lines that it must print (None: not shown)."""

    def __init__(self, text, number, output):
        self.text = text
        self.number = number
        self.output = output
        self.status = 0


class Block:
    def __init__(self, kind, number, lines, status, reason):
        self.kind = kind
        self.number = number  # of the first line within
        self.lines = lines
        self.reason = reason  # why it is not run
        self.commands = []
        self.name = None  # of the file that it is
        if reason is not None:
            return
        if kind in FILES:
            self.name = file_name(lines, number)
        else:
            self.commands = list(console(lines, number) if kind == "console" else script(lines, number))
            if not self.commands:
                raise Mistake("line %d: no command in this block" % number)
            self.commands[-1].status = status


def file_name(lines, number):
    found = re.match(r"(?:# |/\* |// )([\w.-]+\.\w+)(?: \*/)?$", lines[0] if lines else "")
    if not found:
        raise Mistake("line %d: the block does not begin with the name of its file" % number)
    return found.group(1)


def console(lines, number):
    command = None
    for at, line in enumerate(lines, number):
        if line.startswith("$ "):
            if command:
                yield command
            command = Command(line[2:], at, [])
        elif command is None:
            raise Mistake("line %d: output before the first command" % at)
        elif command.text.endswith("\\") and not command.output:
            command.text += "\n" + line
        else:
            command.output.append(line)
    if command:
        yield command


def script(lines, number):
    text = ""
    for at, line in enumerate(lines, number):
        text = text + "\n" + line if text else line
        if not text.endswith("\\"):
            if text.strip() and not text.startswith("#"):
                yield Command(text, at, None)
            text = ""


def blocks(text):
    """The blocks in their order."""
    lines = text.split("\n")
    at, above = 0, ""
    while at < len(lines):
        found = re.match(r"```(\S*)$", lines[at])
        if found:
            end = next((i for i in range(at + 1, len(lines)) if lines[i] == "```"), None)
            if end is None:
                raise Mistake("line %d: this block has no end" % (at + 1))
            yield block(found.group(1), at + 2, lines[at + 1:end], above)
            at = end
        above = lines[at]
        at += 1


def block(kind, number, lines, above):
    status, reason = 0, None
    remark = re.match(r"<!-- (.*) -->$", above)
    if remark:
        found = re.match(r"status (\d+)$|not run: (.+)$", remark.group(1))
        if not found:
            raise Mistake("line %d: what does this remark mean?" % (number - 2))
        status, reason = int(found.group(1) or 0), found.group(2)
    if kind not in KINDS and reason is None:
        raise Mistake("line %d: a block of kind %r is not run, so the line above it must say why" % (number - 1, kind))
    return Block(kind, number, lines, status, reason)
